"""Who asks in a view when it is an agent or a source: what is asked next, and when the cache steps in."""

import random
import re
from types import SimpleNamespace

import pytest

from selfplay_gym import Question, make_domain, make_reward, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.envs.game.askers import BATCH, AgentAsker, SourceAsker
from selfplay_gym.envs.game.engine import Game

GAME = Game(make_domain("math"), make_verifier("exact"), make_reward("r-zero"))
CACHED, SPEC = Question("from the cache", "0"), TaskSpec(0.5)


class Fallback:
    """Shows everything but what begins with "no", and counts what is drawn from it."""

    generator = SimpleNamespace(name="generator")

    def __init__(self):
        self.drawn, self.restarts = [], 0

    def shows(self, question):
        return not question.text.startswith("no")

    def draw(self, spec, rng):
        assert isinstance(rng, random.Random)
        self.drawn.append(spec)
        return CACHED

    def restart(self):
        self.restarts += 1


class Writer:
    def __init__(self, *batches):
        self.batches, self.calls = list(batches), []

    def act(self, prompts, *, n=1, seed=None):
        self.calls.append((list(prompts), n, seed))
        return [self.batches.pop(0)]


def proposal(text):
    return rf"<question>{text}</question> \boxed{{3}}"


def test_an_agents_readable_proposals_are_asked_in_order_and_then_it_writes_again():
    writer = Writer(["nothing", proposal("a?"), proposal("no, held out"), proposal("b?")], [proposal("c?")])
    fallback = Fallback()
    asker = AgentAsker(writer, GAME, fallback)
    assert [asker.draw(SPEC, random.Random(5)).text for _ in range(3)] == ["a?", "b?", "c?"]
    seed = random.Random(5).getrandbits(62)
    assert writer.calls == [([GAME.instruct()], 8, seed)] * 2
    assert fallback.drawn == []


def test_when_an_agent_writes_nothing_that_can_be_asked_the_cache_steps_in_once():
    writer, fallback = Writer(["nothing"], [proposal("a?")]), Fallback()
    asker = AgentAsker(writer, GAME, fallback)
    rng = random.Random(5)
    assert [asker.draw(SPEC, rng), asker.draw(SPEC, rng).text] == [CACHED, "a?"]
    assert fallback.drawn == [SPEC]
    assert writer.calls[0][2] != writer.calls[1][2]


def test_a_restart_forgets_what_waits():
    writer, fallback = Writer([proposal("a?"), proposal("b?")], [proposal("c?")]), Fallback()
    asker = AgentAsker(writer, GAME, fallback)
    rng = random.Random(5)
    assert asker.draw(SPEC, rng).text == "a?"
    asker.restart()
    assert fallback.restarts == 1
    assert asker.draw(SPEC, rng).text == "c?"


class Source:
    def __init__(self, *batches, rejects=()):
        self.batches, self.rejects, self.asked = list(batches), list(rejects), []

    def draw(self, n, draw):
        self.asked.append((n, draw))
        if self.rejects:
            draw.rejected.append(self.rejects.pop(0))
        return self.batches.pop(0) if self.batches else []


CURRICULUM = SimpleNamespace(sample=lambda rng: TaskSpec(0.25))
AGENTS = {"solver": Writer()}


def source_asker(*batches, rejects=()):
    source, fallback = Source(*batches, rejects=rejects), Fallback()
    return SourceAsker(source, GAME, fallback, CURRICULUM, AGENTS), source, fallback


A, B, HELD = Question("a?", "1", level=0.5), Question("b?", "2"), Question("no, held out", "3")


def test_a_source_is_asked_for_a_batch_and_its_questions_are_put_one_by_one():
    asker, source, fallback = source_asker([A, HELD, B], [B])
    rng = random.Random(5)
    assert [asker.next(rng) for _ in range(3)] == [(TaskSpec(0.5), A), (None, B), (None, B)]
    assert [n for n, _ in source.asked] == [BATCH, BATCH] == [16, 16]
    first, second = (draw for _, draw in source.asked)
    seed = random.Random(5).getrandbits(62)
    assert (first.seed, first.round, first.level, first.domain) == (seed, 1, None, "math")
    assert (second.seed, second.round) == (seed, 2)
    assert first.game is GAME
    assert first.agents == AGENTS
    assert first.agents is not AGENTS
    assert (first.generator, first.curriculum) == (fallback.generator, CURRICULUM)
    assert fallback.drawn == []


def test_a_batch_of_the_other_split_makes_room_for_a_question_of_the_curriculum():
    asker, _, fallback = source_asker([HELD], [A])
    rng = random.Random(5)
    assert asker.next(rng) == (TaskSpec(0.25), CACHED)
    assert fallback.drawn == [TaskSpec(0.25)]
    assert asker.next(rng) == (TaskSpec(0.5), A)


def test_one_question_of_a_level():
    asker, source, fallback = source_asker([A], [HELD])
    rng = random.Random(5)
    assert asker.draw(SPEC, rng) == A
    assert asker.draw(SPEC, rng) == CACHED
    assert [(n, draw.level) for n, draw in source.asked] == [(1, 0.5), (1, 0.5)]
    assert fallback.drawn == [SPEC]


def test_an_exhausted_source_says_so_and_what_to_do():
    asker, _, _ = source_asker([A])
    rng = random.Random(5)
    asker.next(rng)
    said = (
        "the source Source is exhausted after 1 batches; give one that repeats its questions "
        "(file(path=..., repeat=true)), or play fewer episodes"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        asker.next(rng)


def test_a_source_whose_texts_were_all_refused_is_not_exhausted():
    asker, _, _ = source_asker([], [A], rejects=["cannot be read"])
    rng = random.Random(5)
    assert asker.next(rng) == (TaskSpec(0.25), CACHED)
    assert asker.next(rng) == (TaskSpec(0.5), A)


def test_a_restart_begins_with_the_first_batch_of_another_seed():
    asker, source, fallback = source_asker([A, B], [B])
    rng = random.Random(5)
    restarts = fallback.restarts
    asker.next(rng)
    asker.restart()
    assert fallback.restarts == restarts + 1
    assert asker.next(rng) == (None, B)
    (_, first), (_, second) = source.asked
    assert (first.round, second.round) == (1, 1)
    assert first.seed != second.seed
