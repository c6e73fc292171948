"""Where questions come from: the built-in sources draw what a training run has always drawn, and mix by weight."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfplay_gym import (
    make_agent,
    make_curriculum,
    make_domain,
    make_generator,
    make_reward,
    make_source,
    make_verifier,
)
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.protocols import Draw
from selfplay_gym.core.seeding import integer_seed, python_stream
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.sources.mixing import mix


class Scribbles:
    """Writes what it is told, and remembers how it was asked."""

    def __init__(self, texts):
        self.texts, self.asked = texts, []

    def act(self, prompts, *, n=1, seed=None):
        self.asked.append((list(prompts), n, seed))
        return [self.texts[:n] for _ in prompts]


@pytest.fixture
def game():
    return Game(make_domain("math"), make_verifier("exact"), make_reward("r-zero"))


def test_a_challenger_writes_and_its_malformed_proposals_are_rejected(game):
    texts = [r"<question>What is 1+2?</question> \boxed{4}", "nonsense", r"<question>Why?</question>"]
    challenger = Scribbles(texts)
    draw = Draw(5, round=3, game=game, agents={"challenger": challenger})
    (question,) = make_source("challenger").draw(3, draw)
    assert (question.text, question.reference, question.author) == ("What is 1+2?", "4", "challenger")
    assert [text for text, _ in draw.rejected] == texts[1:]
    assert "boxed" in draw.rejected[1][1]
    assert challenger.asked == [([game.instruct()], 3, integer_seed(5, "generate", 3, 0))]


def test_procedural_questions_are_those_of_a_run():
    generator, curriculum = make_generator("mixed"), make_curriculum("band")
    rng = python_stream(9, "draw", 2)
    specs = [make_curriculum("band").sample(rng) for _ in range(12)]
    expected = [generator.generate(spec, rng) for spec in specs]
    draw = Draw(9, round=2, generator=generator, curriculum=curriculum)
    assert make_source("procedural").draw(12, draw) == expected


def test_a_level_that_is_asked_for_is_kept():
    draw = Draw(9, level=0.75, generator=make_generator("mixed"), curriculum=make_curriculum("band"))
    assert {question.level for question in make_source("procedural").draw(12, draw)} == {0.75}


@pytest.mark.parametrize(
    "what",
    [
        "agent(name=generator, generator=equation)",
        "agent(generator, generator=equation)",
        {"name": "agent", "agent": {"name": "generator", "generator": "equation"}},
    ],
)
def test_any_agent_can_write(game, what):
    draw = Draw(1, game=game)
    questions = make_source(what).draw(6, draw)
    assert len(questions) == 6
    assert all(question.text.startswith("Solve") for question in questions)
    assert make_source(what).draw(6, replace(draw, rejected=[])) == questions
    assert make_source(what).draw(6, replace(draw, round=2, rejected=[])) != questions


@pytest.fixture
def rows(tmp_path):
    def write(*lines):
        path = tmp_path / "questions.jsonl"
        text = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return str(path)

    return write


def test_a_file_gives_each_row_once(rows):
    path = rows(*({"question": f"What is {i}+1?", "answer": i + 1} for i in range(10)))
    source = make_source(f"file(path={path})")
    drawn = [source.draw(4, Draw(3, round=k, domain="sums")) for k in range(1, 5)]
    assert [len(questions) for questions in drawn] == [4, 4, 2, 0]
    asked = [question for questions in drawn for question in questions]
    assert sorted(question.text for question in asked) == sorted(f"What is {i}+1?" for i in range(10))
    assert {(question.domain, question.author) for question in asked} == {("sums", "file")}
    assert asked[0].reference == str(int(asked[0].text[8]) + 1)
    assert [question.text for question in asked] != [f"What is {i}+1?" for i in range(10)]
    in_order = make_source({"name": "file", "path": path, "shuffle": False}).draw(10, Draw(3))
    assert [question.text for question in in_order] == [f"What is {i}+1?" for i in range(10)]


def test_a_file_may_begin_again(rows):
    source = make_source(
        "file", path=rows({"question": "A?", "answer": "1"}, "", {"question": "B?", "answer": None}), repeat=True
    )
    assert sorted(question.text for question in source.draw(6, Draw(0, round=7))) == ["A?"] * 3 + ["B?"] * 3


def test_a_row_may_say_more(rows):
    row = {"question": "Line\u2028break?", "answer": None, "domain": "code", "level": 0.5, "meta": {"task": "program"}}
    (question,) = make_source("file", path=rows(row)).draw(1, Draw(0))
    assert (question.text, question.domain, question.level) == ("Line\u2028break?", "code", 0.5)
    assert question.meta == {"task": "program"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: not JSON"),
        ("[1]", "line 2: expected"),
        ({"question": "Why?"}, "line 2: expected"),
        ({"question": " ", "answer": "1"}, "line 2: question"),
        ({"question": "Why?", "answer": ["1"]}, "line 2: answer"),
        ({"question": "Why?", "answer": "1", "level": 2}, "line 2: level"),
        ({"question": "Why?", "answer": "1", "meta": 3}, "line 2: meta"),
        ({"question": "Why?", "answer": "1", "reference": "1"}, "line 2: unknown key reference"),
    ],
)
def test_a_wrong_row_is_named_with_its_file(rows, line, message):
    path = rows({"question": "What is 1+1?", "answer": "2"}, line)
    with pytest.raises(ConfigError, match=message) as caught:
        make_source("file", path=path)
    assert path in str(caught.value)


def test_a_file_that_is_missing_or_empty_is_named(rows, tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.jsonl"):
        make_source("file", path=str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(ConfigError, match="no questions"):
        make_source("file", path=rows(""))


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("challenger", "agent in the role 'challenger'"),
        ("procedural", "generator"),
        ("agent(name=echo)", "game"),
        ("agent", "one agent"),
        ("agent(name=ehco)", "echo"),
        ("fil(path=x)", "file"),
    ],
)
def test_what_a_source_lacks_is_named(what, message):
    with pytest.raises(ConfigError, match=message):
        make_source(what).draw(1, Draw(0))


def test_shares_go_by_weight_and_what_is_left_to_the_largest_remainder():
    assert mix({"challenger": 0.8, "open": 0.2}, 10) == {"challenger": 8, "open": 2}
    assert mix({"a": 1, "b": 1, "c": 1}, 8) == {"a": 3, "b": 3, "c": 2}
    assert mix({"a": 0.5, "b": 0.3, "c": 0.2}, 4) == {"a": 2, "b": 1, "c": 1}
    assert mix({"a": 0.0, "b": 3.0}, 5) == {"a": 0, "b": 5}
    assert mix({"a": 1.0}, 0) == {"a": 0}


@given(st.dictionaries(st.text(max_size=3), st.floats(0, 1e6), min_size=1, max_size=6), st.integers(0, 10_000))
def test_shares_add_up(weights, n):
    if not any(weights.values()):
        return
    counts = mix(weights, n)
    total = sum(weights.values())
    assert sum(counts.values()) == n
    assert list(counts) == list(weights)
    assert all(abs(counts[name] - n * weights[name] / total) < 1 + 1e-6 for name in weights)


@pytest.mark.parametrize(
    ("weights", "n", "message"),
    [
        ({"file": -1.0}, 3, "'file'.*-1.0"),
        ({"file": float("nan")}, 3, "'file'.*nan"),
        ({"file": "much"}, 3, "'file'.*much"),
        ({"file": 0.0}, 3, "above 0"),
        ({}, 3, "none is given"),
        ({"file": 1.0}, -1, "-1"),
    ],
)
def test_wrong_weights_are_named(weights, n, message):
    with pytest.raises(ConfigError, match=message):
        mix(weights, n)


def test_an_agent_is_not_asked_for_nothing(game):
    writer = Scribbles([])
    assert make_source("challenger").draw(0, Draw(0, game=game, agents={"challenger": writer})) == []
    assert make_agent("echo").act(["?"]) == [["?"]]
    assert writer.asked == []
