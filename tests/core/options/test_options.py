"""Options behind a name read the same on the command line, in TOML and in keyword arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.options import parse_named, split_list, write_named


@pytest.mark.parametrize(
    ("text", "name", "leading", "options"),
    [
        ("sympy", "sympy", (), {}),
        ("sympy()", "sympy", (), {}),
        (" sympy ( timeout_s = 2 ) ", "sympy", (), {"timeout_s": 2}),
        ("train(challenger)", "train", ("challenger",), {}),
        ("train(challenger, steps=3)", "train", ("challenger",), {"steps": 3}),
        ('weighted(members={"sympy": 2.0, "exact": 1})', "weighted", (), {"members": {"sympy": 2.0, "exact": 1}}),
        (
            "file(path=a, b=[1, 2], repeat=true, level=null)",
            "file",
            (),
            {"path": "a", "b": [1, 2], "repeat": True, "level": None},
        ),
        ("file(path='a, b.jsonl')", "file", (), {"path": "a, b.jsonl"}),
        ('file(path="a=(b)")', "file", (), {"path": "a=(b)"}),
        ("agent(name=chess's)", "agent", (), {"name": "chess's"}),
        ("openai:gpt@https://host/v1?a=b(temperature=0)", "openai:gpt@https://host/v1?a=b", (), {"temperature": 0}),
        ("4p(1-p)", "4p", ("1-p",), {}),
        ("4p(1-p)(repetition=0.5)", "4p(1-p)", (), {"repetition": 0.5}),
        ("agent(name=noisy(skill=0.5))", "agent", (), {"name": "noisy(skill=0.5)"}),
        ("llm:models/mine(1)", "llm:models/mine", (1,), {}),
        ("judge(x=NaN)", "judge", (), {"x": "NaN"}),
        ("open(data=[rg:gcd, rg:lcm])", "open", (), {"data": ["rg:gcd", "rg:lcm"]}),
        (
            'robustness(kinds=[injected, "irrelevant(numbers=false)", near(a=[x, 1])])',
            "robustness",
            (),
            {"kinds": ["injected", "irrelevant(numbers=false)", "near(a=[x, 1])"]},
        ),
        ("a)b(", "a)b(", (), {}),
        ("(x=1)", "(x=1)", (), {}),
        ("", "", (), {}),
    ],
)
def test_options_are_read(text, name, leading, options):
    assert parse_named(text) == (name, leading, options)


@pytest.mark.parametrize("text", ["a(x=1, 2)", "a(2x=1)", "a(x=1, y z=2)", "a(=1)"])
def test_what_cannot_be_read_says_how_options_are_written(text):
    with pytest.raises(ConfigError, match=r"name\(key=value"):
        parse_named(text)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True).filter(lambda key: key != "name"), VALUES, max_size=4)
)
def test_what_is_written_is_read_again(options):
    text = write_named({"name": "sympy", **options})
    assert "\n" not in text
    assert parse_named(text) == ("sympy", (), options)


@given(st.text(alphabet="ab()[]{}=,'\" \\1", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        name, _, _ = parse_named(text)
    except ConfigError:
        return
    assert isinstance(name, str)


def test_an_option_given_twice_and_one_that_is_nested_too_deeply_are_named():
    with pytest.raises(ConfigError, match="'x' is given twice"):
        parse_named("a(x=1, x=2)")
    with pytest.raises(ConfigError, match="nested too deeply"):
        parse_named("a(x=" + "[" * 100_000 + "]" * 100_000 + ")")


def test_a_list_of_names_is_split_outside_of_their_options():
    assert split_list("train(solver), mine(a=1, b='x, y'),gate") == ["train(solver)", "mine(a=1, b='x, y')", "gate"]


@pytest.mark.parametrize("number", ["1e999", "-1e400", "[1, 1e999]", '{"a": [1e999]}', "[a, 1e999]"])
def test_a_number_that_a_float_cannot_hold_is_refused_wherever_it_stands(number):
    with pytest.raises(ConfigError, match=r"is too large for a number"):
        parse_named(f"a(x={number})")


@pytest.mark.parametrize("word", ["nan", "Infinity", "-inf", "1e999x"])
def test_a_word_that_is_no_json_is_a_text(word):
    assert parse_named(f"a(x={word})").options == {"x": word}


@pytest.mark.parametrize(
    "text", ["file(path=a,b.jsonl)", "file(repeat=true, path=a, b c)", "open(data=jsonl:a,b.jsonl)"]
)
def test_a_comma_in_a_bare_value_is_answered_with_quotes(text):
    with pytest.raises(ConfigError, match=r"in quotes, as in path=\"a,b\.jsonl\""):
        parse_named(text)
    assert parse_named('file(path="a,b.jsonl")').options == {"path": "a,b.jsonl"}


@pytest.mark.parametrize("text", ['jsonl:"a,b.csv', "mixed, jsonl:'a", 'a(x="1, 2)', "a(x=['b, c])", '"'])
def test_a_quote_that_is_not_closed_is_named(text):
    with pytest.raises(ConfigError, match=r"the quote [\"'] is not closed in .*as in path="):
        split_list(text)


@pytest.mark.parametrize("text", ['a(x="1, 2)', "a(x=['b, c])", "a('b)"])
def test_an_option_whose_quote_is_not_closed_is_no_name(text):
    with pytest.raises(ConfigError, match="is not closed"):
        parse_named(text)


@pytest.mark.parametrize("text", ["it's", "a(x=it's, y=1)", "don't, won't", "runs/o'neill", "a(x='it', y=\"b\")"])
def test_an_apostrophe_in_a_word_opens_no_quote(text):
    assert parse_named(text)
    assert split_list(text)
