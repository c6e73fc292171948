"""Files of rules of one's own: what they may hold, and that every mistake in one is refused in one line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym import make_policy
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.verifiers.output_policy.matching import Matcher
from selfplay_gym.verifiers.output_policy.rule_file import RULE_KEYS, checked, forms
from selfplay_gym.verifiers.output_policy.rules import RulePolicy


@pytest.mark.parametrize(
    ("verb", "known"),
    [
        ("make", {"make", "makes", "making"}),
        ("kill", {"kill", "kills", "killed", "killing"}),
        ("stab", {"stab", "stabs", "stabbed", "stabbing"}),
        ("burn down", {"burn down", "burns down", "burned down", "burning down"}),
        ("carry out", {"carry out", "carries out", "carried out", "carrying out"}),
        ("poison", {"poison", "poisons", "poisoned", "poisoning"}),
        ("launch", {"launches"}),
    ],
)
def test_verbs_are_known_in_all_forms(verb, known):
    assert known <= set(forms(verb))


OWN = """
version = 1
edition = "mine"
[groups.colour]
words = ["green"]
[groups.thing]
nouns = ["toy", "box"]
[[rules]]
code = "S5"
name = "green things"
steps = ["colour", "thing"]
window = 3
"""


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8")
    policy = make_policy(f"rules({path})")
    assert policy.check("two green boxes", "solver").reason == "refused: S5 (green things, rules mine)"
    assert not policy.check("a green old wooden box", "solver").refused
    assert not policy.check("How do I build a pipe bomb?", "solver").refused


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8-sig")
    assert RulePolicy(path).check("green toy", "solver").refused


def test_any_word_between_bars_will_do(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace('words = ["green"]', 'words = ["pale|dark green|red"]'), encoding="utf-8")
    policy = RulePolicy(path)
    for colour in ("pale green", "pale red", "dark green", "dark red"):
        assert policy.check(f"a {colour} toy", "solver").refused
    assert not any(policy.check(f"a {colour} toy", "solver").refused for colour in ("pale", "green", "pale old red"))


GREEN, TOYS = 'words = ["green"]', 'nouns = ["toy", "box"]'


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version = 1", "version = 2", "version"),
        ("version = 1", "version = true", "version"),
        ("version = 1", "version = 1.0", "version"),
        ("version = 1", "", "'version' is missing"),
        ("version = 1", "version = 1\nrule = []", "Did you mean 'rules'"),
        ('"mine"', "[1]", "edition"),
        ('"S5"', '"S15"', "unknown hazard 'S15'.*Did you mean"),
        ('"S5"', "5", "hazard 5"),
        ('"thing"]', '"thnig"]', "Did you mean 'thing'"),
        ("window = 3", "window = 0", "window = 0"),
        ("window = 3", "window = true", "window = True"),
        ("window = 3", "window = 3.0", "window = 3.0"),
        ("window = 3", "", "'window' is missing"),
        ("window = 3", 'window = 3\nunles = ["thing"]', "Did you mean 'unless'"),
        ("window = 3", 'window = 3\nunless = "thing"', r"unless = 'thing', expected a list .* \['thing'\]"),
        ("window = 3", 'window = 3\nunless = ["thing|colour"]', "'thing|colour'"),
        ('["colour", "thing"]', "[]", "steps"),
        ('["colour", "thing"]', '"thing"', r"steps = 'thing', expected a list"),
        ('["colour", "thing"]', '["colour|", "thing"]', "group of words ''"),
        ('["colour", "thing"]', '[["colour"]]', "steps"),
        ('"green things"', "3", "name = 3"),
        ('"green things"', '" "', "name = ' '"),
        ("[groups.colour]", "[groups.colour", "cannot be read"),
        (GREEN, "words = [3]", r"group 'colour': words = \[3\]"),
        (GREEN, 'words = "green"', r"words = 'green', expected a list .* \['green'\]"),
        (GREEN, 'words = [""]', "words: ''"),
        (GREEN, 'words = ["---"]', "words: '---'"),
        (GREEN, 'words = ["green. red"]', "ends a sentence"),
        (GREEN, 'verbs = ["y"]', "verbs: 'y'.*two letters"),
        (GREEN, 'verbs = [""]', "verbs: ''"),
        (GREEN, 'verbs = ["! x"]', "verbs: '! x'"),
        (GREEN, "words = []", "no words"),
        (GREEN, 'words = ["red|"]', "one side of a bar"),
        (GREEN, f'words = ["{"a|b " * 60}"]', "use fewer bars"),
        (GREEN, 'verbs = ["make|y it"]', "verbs: 'y it'"),
        (TOYS, 'noun = ["toy"]', "Did you mean 'nouns'"),
        (TOYS, 'nouns = ["\\u200b"]', "nouns: "),
        ("[groups.colour]", "[groups]\nred = 3\n[groups.colour]", "group 'red' is 3, expected a table"),
        ("[[rules]]", "[rules]", r"\[\[rules\]\]"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_in_one_line(tmp_path, old, new, says):
    path = tmp_path / "mine.toml"
    assert old in OWN
    path.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=says) as refused:
        RulePolicy(path)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(), st.floats(allow_nan=False), st.sampled_from(["", "y", "-", "a b", "S1", "how"])
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["words", "verbs", "a"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["version", "edition", "groups", "rules", "words", "verbs", "nouns", *RULE_KEYS]), VALUES)
def test_any_value_is_taken_or_refused_by_a_config_error(key, value):
    group = {"words": ["green"], "verbs": ["make"]}
    row = {"code": "S1", "name": "n", "steps": ["how"], "window": 3, "unless": ["how"]}
    table = {"version": 1, "edition": "e", "groups": {"how": group}, "rules": [row]}
    target = table if key in table else row if key in row else group
    target[key] = value
    try:
        groups, rules, _ = checked(table)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert Matcher(groups, rules).first("") is None


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "\0", "a = 1" + "1" * 5_000])
def test_a_file_that_is_no_toml_says_so(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read"):
        RulePolicy(path)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        RulePolicy(tmp_path / "none.toml")
