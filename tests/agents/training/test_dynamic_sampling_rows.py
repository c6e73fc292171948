"""Which rows a replaced group brings, column by column, and what each further draw is asked."""

from __future__ import annotations

import re

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import Samples
from selfplay_gym.agents.training.dynamic_sampling import Draw, DynamicSampling
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import integer_seed


def drawn(first, rewards, width, activations=None):
    """Groups of two rows; every number in them says which row and column it is of."""
    groups, rows = len(rewards), 2 * len(rewards)
    numbers = first + 10 * torch.arange(rows)[:, None] + torch.arange(width)
    samples = Samples(
        texts=[[f"{first + 10 * row}" for row in (2 * g, 2 * g + 1)] for g in range(groups)],
        prompt_ids=[[first + g] for g in range(groups)],
        tokens=numbers,
        logps=-numbers.float(),
        lengths=first + torch.arange(rows),
        finished=torch.arange(rows) % 3 == 0,
        activations=activations,
    )
    return Draw(samples, torch.tensor(rewards, dtype=torch.float64))


EQUAL, VARIED = [1.0, 1.0], [0.0, 1.0]


def reward(prompts, groups):
    raise AssertionError("rewards are given by the draw")


@pytest.mark.parametrize(("mine", "theirs"), [(2, 3), (3, 2), (2, 2)])
def test_a_replaced_group_brings_its_rows_prompt_texts_and_rewards(mine, theirs):
    old, new = drawn(100, [VARIED, EQUAL, EQUAL], mine, activations="held"), drawn(500, [EQUAL, [3.0, 4.0]], theirs)
    found = old.with_groups({2: 1}, new)
    width = max(mine, theirs)

    def rows(samples, wanted):
        padded = torch.nn.functional.pad(samples.tokens, (0, width - samples.tokens.shape[1]))
        return padded[wanted].tolist()

    assert found.samples.tokens.tolist() == rows(old.samples, [0, 1, 2, 3]) + rows(new.samples, [2, 3])
    assert torch.equal(found.samples.logps, -found.samples.tokens.float())
    assert found.samples.lengths.tolist() == [100, 101, 102, 103, 502, 503]
    assert found.samples.finished.tolist() == [True, False, False, True, False, True]
    assert found.samples.texts == [["100", "110"], ["120", "130"], ["520", "530"]]
    assert found.samples.prompt_ids == [[100], [101], [501]]
    assert found.samples.activations is None
    assert found.rewards.tolist() == [VARIED, EQUAL, [3.0, 4.0]]
    assert old.rewards.tolist() == [VARIED, EQUAL, EQUAL]  # untouched
    assert old.samples.texts[2] == ["140", "150"]
    assert old.samples.prompt_ids[2] == [102]


def test_several_groups_are_replaced_crosswise():
    old, new = drawn(100, [EQUAL, VARIED, EQUAL], 1), drawn(500, [VARIED, [5.0, 6.0]], 1)
    found = old.with_groups({0: 1, 2: 0}, new)
    assert found.samples.tokens[:, 0].tolist() == [520, 530, 120, 130, 500, 510]
    assert found.rewards.tolist() == [[5.0, 6.0], VARIED, VARIED]


def test_nothing_to_replace_is_the_same_draw():
    old = drawn(100, [VARIED], 1)
    assert old.with_groups({}, drawn(500, [VARIED], 1)) is old


def test_each_further_draw_asks_for_what_is_missing_under_a_seed_of_its_own():
    asked, seeds = [], []

    def more(count):
        asked.append(count)
        return [f"prompt {len(asked)}"] * count, reward

    later = iter(
        [drawn(500, [EQUAL, VARIED, EQUAL], 1), drawn(700, [EQUAL, EQUAL], 1), drawn(900, [VARIED, VARIED], 1)]
    )

    def draw(prompts, reward_fn, seed):
        seeds.append((list(prompts), seed))
        assert reward_fn is reward
        return next(later)

    first = drawn(100, [EQUAL, VARIED, EQUAL, EQUAL], 1)
    batch, *draws = DynamicSampling(3, more).fill(first, draw, 42)
    assert asked == [3, 2, 2]
    assert [seed for _, seed in seeds] == [integer_seed(42, "refill", number) for number in range(3)]
    assert [prompts for prompts, _ in seeds] == [["prompt 1"] * 3, ["prompt 2"] * 2, ["prompt 3"] * 2]
    assert [draw.samples.prompt_ids[0][0] for draw in draws] == [100, 500, 700, 900]
    assert draws[0] is first
    assert batch.samples.prompt_ids == [[501], [101], [900], [901]]


def test_fewer_prompts_than_asked_for_replace_as_many_groups():
    first, fresh = drawn(100, [EQUAL, EQUAL], 1), drawn(500, [VARIED], 1)
    batch, *draws = DynamicSampling(1, lambda count: (["one"], reward)).fill(first, lambda *_: fresh, 0)
    assert batch.samples.prompt_ids == [[500], [101]]
    assert len(draws) == 2


def test_a_full_batch_asks_for_nothing():
    def never(count):
        raise AssertionError("asked for more")

    first = drawn(100, [VARIED], 1)
    assert DynamicSampling(2, never).fill(first, never, 0) == [first, first]
    nobody = drawn(100, [EQUAL], 1)
    assert DynamicSampling(0, never).fill(nobody, never, 0) == [nobody, nobody]


def test_a_negative_number_of_draws_is_named():
    with pytest.raises(ConfigError, match=f"^{re.escape('draws must be >= 0, got -1')}$"):
        DynamicSampling(-1, lambda count: ([], reward))
