"""Every built-in source conforms, and every way to break a question source is named."""

import json
import random
from dataclasses import replace

import pytest

from selfplay_gym import Question, make_source
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import sources
from selfplay_gym.testing import check_source


@pytest.mark.parametrize("name", sorted({*sources.names()} - {"league"}))  # draws from the league of a run alone
def test_every_built_in_source_conforms(name, tmp_path):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps({"question": f"What is {i}+1?", "answer": i + 1}) for i in range(20)))
    options = {"agent": {"name": "generator"}, "file": {"path": str(path)}}
    passed = check_source(make_source(name, **options.get(name, {})))
    assert {"questions", "no questions", "repeatability", "rejected", "claims"} <= set(passed)


class Written:
    """Conforms; the base of all that is broken below."""

    def draw(self, n, draw):
        texts = draw.agents["challenger"].act([draw.game.instruct()], n=n, seed=draw.seed)[0]
        proposals = draw.game.read(texts)
        draw.rejected += [(p.text, p.reason) for p in proposals if p.question is None]
        return [p.question for p in proposals if p.question is not None]


class OneTooMany(Written):
    def draw(self, n, draw):
        return [Question("What?", author="x")] * (n + 1)


class Tuples(Written):
    def draw(self, n, draw):
        return tuple(super().draw(n, draw))


class Nameless(Written):
    def draw(self, n, draw):
        return [Question("What?")] * n


class AlwaysSome(Written):
    def draw(self, n, draw):
        return super().draw(max(n, 1), draw)


class Remembers(Written):
    def __init__(self):
        self.count = 0

    def draw(self, n, draw):
        self.count += 1
        return [Question(f"What is {self.count}?", author="x")] * n


class SaysNothing(Written):
    def draw(self, n, draw):
        draw.rejected.append("too hard")
        return super().draw(n, draw)


class Believes(Written):
    def draw(self, n, draw):
        return [replace(question, author="data set") for question in super().draw(n, draw)]


class Counts(Written):
    def draw(self, n, draw):
        draw.round += 1
        return super().draw(n, draw)


class GlobalDice(Written):
    def draw(self, n, draw):
        random.seed(draw.seed)
        return super().draw(n, draw)


def test_what_conforms_passes():
    check_source(Written())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (OneTooMany, "questions: .*at most"),
        (Tuples, "questions: .*expected a list"),
        (Nameless, "questions: .*no author"),
        (AlwaysSome, "no questions: "),
        (Remembers, "repeatability: "),
        (SaysNothing, "rejected: "),
        (Believes, "claims: "),
        (Counts, "draw untouched: "),
        (GlobalDice, "randomness: "),
    ],
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=message):
        check_source(broken())


def test_what_is_not_a_source_is_refused():
    with pytest.raises(PluginError, match="not a question source"):
        check_source(object())
