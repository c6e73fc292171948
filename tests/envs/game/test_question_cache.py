"""Questions that are kept and asked again: which are fresh, which come back, and which are never shown."""

import random
import re

import pytest

from selfplay_gym import Question, make_domain
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.records import TaskSpec
from selfplay_gym.envs.game.question_cache import CELL_SIZE, CELLS, SPLITS, QuestionCache


class Numbered:
    """Every question is another one."""

    def __init__(self):
        self.written = []

    def generate(self, spec, rng):
        self.written.append(Question(f"question {len(self.written)}", level=spec.level))
        return self.written[-1]


class Places:
    """A random stream of which every draw is known: shares of the span of a full cell."""

    def __init__(self, *shares):
        self.shares = list(shares)

    def random(self):
        return self.shares.pop(0)


def cache(reuse=4, split="any", **options):
    writer = Numbered()
    return QuestionCache(writer, split, reuse, **options), writer


def filled(reuse=4):
    kept, writer = cache(reuse)
    for _ in range(CELL_SIZE):
        kept.draw(TaskSpec(0.5), Places())  # no random number is needed before a cell is full
    return kept, writer


def test_its_sizes():
    assert (CELL_SIZE, CELLS, SPLITS) == (256, 16, ("train", "held_out", "any"))
    defaults = QuestionCache(Numbered())
    assert (defaults.split, defaults.reuse, defaults.domain) == ("train", 64, None)


def test_the_first_questions_of_a_cell_are_all_fresh():
    _, writer = filled()
    assert len(writer.written) == CELL_SIZE


def test_a_full_cell_gives_one_fresh_question_in_reuse_and_drops_the_oldest():
    kept, writer = filled(reuse=4)  # three of four draws come from the cell
    spec, below = TaskSpec(0.5), 0.75 - 1e-9
    assert kept.draw(spec, Places(0.0)) is writer.written[0]
    assert kept.draw(spec, Places(below)) is writer.written[CELL_SIZE - 1]
    assert len(writer.written) == CELL_SIZE
    for number in range(2):
        assert kept.draw(spec, Places(0.75)) is writer.written[CELL_SIZE + number]
    assert kept.draw(spec, Places(0.0)) is writer.written[CELL_SIZE]
    assert kept.draw(spec, Places(1.5 / CELL_SIZE * 0.75)) is writer.written[CELL_SIZE + 1]
    assert kept.draw(spec, Places(2.5 / CELL_SIZE * 0.75)) is writer.written[2]


def test_the_oldest_goes_round():
    kept, writer = filled(reuse=2)
    for _ in range(CELL_SIZE):
        kept.draw(TaskSpec(0.5), Places(0.9))
    kept.draw(TaskSpec(0.5), Places(0.9))
    assert kept.draw(TaskSpec(0.5), Places(0.0)) is writer.written[2 * CELL_SIZE]
    assert kept.draw(TaskSpec(0.5), Places(1.5 / CELL_SIZE / 2)) is writer.written[CELL_SIZE + 1]


def test_each_level_and_kind_has_its_cell():
    kept, writer = filled()
    for spec in (TaskSpec(0.5 - 1e-9), TaskSpec(0.5625), TaskSpec(0.5, "sum")):
        before = len(writer.written)
        kept.draw(spec, Places())
        assert len(writer.written) == before + 1
    assert kept.draw(TaskSpec(0.5624), Places(0.0)) is writer.written[0]


@pytest.mark.parametrize(("reuse", "meta"), [(1, None), (4, {"asked": "by the curriculum"})])
def test_some_draws_are_always_fresh(reuse, meta):
    kept, writer = cache(reuse)
    for _ in range(CELL_SIZE + 2):
        kept.draw(TaskSpec(0.5, meta=meta), Places())
    assert len(writer.written) == CELL_SIZE + 2


def test_a_restart_forgets_everything():
    kept, writer = filled()
    kept.draw(TaskSpec(0.5), Places(0.9))
    kept.restart()
    for _ in range(CELL_SIZE):
        kept.draw(TaskSpec(0.5), Places())
    kept.draw(TaskSpec(0.5), Places(0.9))
    assert kept.draw(TaskSpec(0.5), Places(0.0)) is writer.written[-1]


def test_a_split_shows_its_own_questions_and_any_shows_all():
    texts = [f"question {i}" for i in range(200)]
    shown = {split: [t for t in texts if cache(split=split)[0].shows(Question(t))] for split in SPLITS}
    assert shown["any"] == texts
    assert shown["held_out"] == [text for text in texts if is_held_out(text)]
    assert sorted(shown["train"] + shown["held_out"]) == sorted(texts)
    assert 0 < len(shown["held_out"]) < len(texts) / 2


def test_what_is_the_same_question_is_the_domains_business():
    math = make_domain("math")
    pairs = [(Question(f"What is {i}+1?"), Question(f"Compute {i} + 1.")) for i in range(60)]
    with_domain, without = cache(split="held_out", domain=math)[0], cache(split="held_out")[0]
    assert all(with_domain.shows(one) == with_domain.shows(other) for one, other in pairs)
    assert any(without.shows(one) != without.shows(other) for one, other in pairs)
    elsewhere = [Question(f"WHO is {i}?", domain="poetry") for i in range(60)]
    assert [with_domain.shows(q) for q in elsewhere] == [is_held_out(q.text.casefold()) for q in elsewhere]


def test_fresh_questions_are_of_the_split_and_a_generator_without_any_is_named():
    kept, _ = cache(split="held_out")
    assert is_held_out(kept.fresh(TaskSpec(0.5), random.Random(0)).text)

    class Stubborn:
        def __init__(self, text):
            self.text, self.count = text, 0

        def generate(self, spec, rng):
            self.count += 1
            return Question(self.text)

    text = next(f"question {i}" for i in range(99) if not is_held_out(f"question {i}"))
    stubborn = Stubborn(text)
    spec = TaskSpec(0.5)
    said = (
        f"Stubborn wrote 2000 questions for {spec} and none belongs to split 'held_out'; choose another split, level "
        "or generator"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        QuestionCache(stubborn, "held_out").fresh(spec, random.Random(0))
    assert stubborn.count == 2000


@pytest.mark.parametrize("reuse", [0, -1, True, 2.0, "4", None])
def test_reuse_is_a_whole_number_of_at_least_one(reuse):
    with pytest.raises(ConfigError, match=f"^{re.escape(f'reuse must be an integer >= 1, got {reuse!r}')}$"):
        cache(reuse)


def test_an_unknown_split_is_named():
    with pytest.raises(ConfigError, match=r"^split must be one of train, held_out, any, got 'test'$"):
        cache(split="test")
