"""The rows of an update by hand: who teaches, what a part keeps, and how parts are cut."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import Samples
from selfplay_gym.agents.training.batch import Batch, micro_batches, rows_that_teach
from selfplay_gym.agents.training.config import GRPOConfig

CPU = torch.device("cpu")
LENGTHS = [1, 3, 2, 2, 1, 1]


def samples(lengths=LENGTHS, finished=(True, True, False, True, True, True), prompts=((7, 8), (9,), (7, 8))):
    """Two completions of each of three prompts, the first and the third of which are equal."""
    width = max(lengths)
    tokens = torch.tensor([[10 * row + t if t < n else 0 for t in range(width)] for row, n in enumerate(lengths)])
    return Samples(
        texts=[["", ""] for _ in prompts],
        prompt_ids=[list(prompt) for prompt in prompts],
        tokens=tokens,
        logps=-tokens.float(),
        lengths=torch.tensor(lengths),
        finished=torch.tensor(finished),
    )


REWARDS = torch.tensor([[0.0, 1.0], [2.0, 4.0], [5.0, 5.0]], dtype=torch.float64)


def batch_of(rewards=REWARDS, drawn=None, **settings):
    return rows_that_teach(drawn or samples(), rewards, GRPOConfig(**settings), CPU)


def test_a_group_without_variance_is_left_out_and_still_counted():
    batch = batch_of()
    assert len(batch) == 4
    assert batch.sampled_as.tolist() == [0, 1, 2, 3]
    assert (batch.rows_total, batch.tokens_total) == (6, 10.0)
    assert batch.prompts == [[7, 8], [9]]
    assert batch.row_prompt.tolist() == [0, 0, 1, 1]
    assert batch.tokens.tolist() == [[0, 0, 0], [10, 11, 12], [20, 21, 0], [30, 31, 0]]
    assert batch.mask.tolist() == [[1, 0, 0], [1, 1, 1], [1, 1, 0], [1, 1, 0]]
    assert batch.lengths.tolist() == [1, 3, 2, 2]
    assert torch.equal(batch.sampler_logp, -batch.tokens.float())
    assert batch.activation_index.shape == (4, 0)
    spread = 0.5**0.5
    expected = [-0.5 / (spread + 1e-4), 0.5 / (spread + 1e-4), -1 / (2 * spread + 1e-4), 1 / (2 * spread + 1e-4)]
    assert batch.advantages.dtype is torch.float32
    assert batch.advantages.tolist() == pytest.approx(expected)


def test_equal_prompts_are_one_prompt():
    batch = batch_of(torch.tensor([[0.0, 1.0], [2.0, 4.0], [5.0, 6.0]]))
    assert batch.prompts == [[7, 8], [9]]
    assert batch.row_prompt.tolist() == [0, 0, 1, 1, 0, 0]


def test_the_settings_of_advantages_hold():
    assert batch_of(scale="none").advantages.tolist() == [-0.5, 0.5, -1.0, 1.0]
    assert batch_of(eps=0.5).advantages[1].item() == pytest.approx(0.5 / (0.5**0.5 + 0.5))


def test_groups_without_variance_are_kept_if_asked():
    batch = batch_of(keep_zero_variance_groups=True)
    assert len(batch) == 6
    assert batch.advantages[4:].tolist() == [0.0, 0.0]


def test_cut_off_completions_are_left_out_of_the_loss_if_asked_and_of_the_tokens_of_the_batch():
    assert len(batch_of(mask_truncated=False)) == 4
    batch = batch_of(mask_truncated=True)
    assert batch.sampled_as.tolist() == [0, 1, 3]
    assert (batch.rows_total, batch.tokens_total) == (6, 8.0)
    assert batch.advantages.tolist() == pytest.approx(batch_of().advantages[[0, 1, 3]].tolist())


def test_a_batch_of_nothing_divides_by_one():
    batch = batch_of(drawn=samples(finished=(False,) * 6), mask_truncated=True)
    assert (len(batch), batch.tokens_total, batch.prompts, batch.tokens.shape) == (0, 1.0, [], (0, 0))
    assert micro_batches(batch, 100)[0].tolist() == []


def test_activations_are_numbered_as_they_were_sampled():
    index = torch.arange(18).reshape(6, 3)
    drawn = dataclasses.replace(samples(), activations=SimpleNamespace(index=index))
    assert batch_of(drawn=drawn).activation_index.tolist() == index[:4].tolist()


def test_a_part_has_its_own_prompts_and_no_wider_rows_than_it_needs():
    part = batch_of().part(torch.tensor([3, 2]))
    assert part.prompts == [[9]]
    assert part.row_prompt.tolist() == [0, 0]
    assert part.tokens.tolist() == [[30, 31], [20, 21]]
    assert part.mask.shape == part.sampler_logp.shape == (2, 2)
    assert part.sampled_as.tolist() == [3, 2]
    assert part.lengths.tolist() == [2, 2]
    assert part.advantages.tolist() == batch_of().advantages[[3, 2]].tolist()
    assert (part.rows_total, part.tokens_total) == (6, 10.0)


def test_a_batch_moves_as_a_whole():
    moved = batch_of().to("meta")
    for field in dataclasses.fields(Batch):
        value = getattr(moved, field.name)
        assert not isinstance(value, torch.Tensor) or value.device.type == "meta"
    assert moved.prompts == batch_of().prompts


def cut(budget, prompts, owner, lengths):
    batch = SimpleNamespace(
        lengths=torch.tensor(lengths),
        row_prompt=torch.tensor(owner),
        prompts=prompts,
        tokens=torch.zeros(len(owner), 1),
    )
    holder = type("Rows", (), {"__len__": lambda self: len(owner), **vars(batch)})()
    return [rows.tolist() for rows in micro_batches(holder, budget)]


def test_parts_keep_groups_together_and_short_ones_first():
    prompts = [[0] * 2, [0] * 3]
    assert cut(100, prompts, [0, 1, 0, 1], [9, 1, 1, 2]) == [[1, 3, 0, 2]]  # the group whose longest row is 2, then 9


def test_a_part_holds_at_most_its_budget_with_each_prompt_counted_once():
    prompts = [[0] * 4]
    assert cut(10, prompts, [0, 0, 0], [3, 3, 3]) == [[0, 1], [2]]  # 4 + 3 + 3, then 4 + 3
    assert cut(9, prompts, [0, 0, 0], [3, 3, 3]) == [[0], [1], [2]]
    assert cut(13, prompts, [0, 0, 0], [3, 3, 3]) == [[0, 1, 2]]


def test_a_new_part_computes_its_prompt_again():
    assert cut(10, [[0] * 4], [0] * 5, [3] * 5) == [[0, 1], [2, 3], [4]]
    two = [[0] * 2, [0] * 3], [0, 1, 0, 1], [2, 1, 1, 1]  # 3 + 1 + 1 for the second prompt, then 2 + 2 + 1
    assert cut(8, *two) == [[1, 3], [0, 2]]
    assert cut(9, *two) == [[1, 3, 0], [2]]
    assert cut(10, *two) == [[1, 3, 0, 2]]


def test_a_row_longer_than_the_budget_is_a_part_of_its_own():
    assert cut(1, [[0] * 4], [0, 0], [3, 3]) == [[0], [1]]


def test_rows_of_equal_groups_keep_their_order():
    assert cut(100, [[0], [0]], [1, 0, 1, 0], [2, 2, 2, 2]) == [[1, 3, 0, 2]]
