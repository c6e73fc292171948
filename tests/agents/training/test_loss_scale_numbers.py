"""The loss scale step by step: when it halves, when it doubles, what is computed again, what is saved."""

from __future__ import annotations

import math
import re

import pytest
import torch

from selfplay_gym.agents.training.loss_scale import LEAST, MOST, PATIENCE, START, LossScale
from selfplay_gym.core.errors import RunError


def test_its_bounds_are_powers_of_two():
    assert (START, LEAST, MOST, PATIENCE) == (65536.0, 1.0, 16777216.0, 200)
    assert LossScale(dynamic=True).value == START
    assert LossScale(dynamic=False).value == 1.0


def test_a_scale_of_one_touches_nothing():
    scale, loss = LossScale(dynamic=False), torch.tensor(2.0)
    parameter = torch.zeros(1, requires_grad=True)
    parameter.grad = torch.tensor([4.0])
    assert scale.scaled(loss) is loss
    scale.unscale([parameter])
    assert parameter.grad.item() == 4.0
    assert list(scale.epochs(3)) == [0, 1, 2]


@pytest.mark.parametrize("value", [1.0, 2.0, 8.0])
def test_what_is_multiplied_before_is_divided_after(value):
    scale, parameter = LossScale(dynamic=True), torch.tensor([3.0], requires_grad=True)
    scale.value = value
    assert scale.scaled(torch.tensor(2.0)).item() == 2 * value
    scale.scaled(parameter.square().sum()).backward()
    held = parameter.grad
    scale.unscale([torch.zeros(1, requires_grad=True), parameter])
    assert parameter.grad is held
    assert held.item() == 6.0


@pytest.mark.parametrize("norm", [math.inf, math.nan])
def test_an_overflow_halves_the_scale_and_repeats_the_epoch(norm):
    scale, seen = LossScale(dynamic=True), []
    norms = iter([1.0, norm, norm, 1.0, 1.0])
    for epoch in scale.epochs(3):
        seen.append((epoch, scale.value))
        assert scale.lowered(0.5, next(norms)) == (len(seen) in (2, 3))
    assert seen == [(0, START), (1, START), (1, START / 2), (1, START / 4), (2, START / 4)]


def test_at_the_least_scale_an_overflow_is_not_repeated():
    scale = LossScale(dynamic=True)
    scale.value = 2 * LEAST
    assert [scale.lowered(0.5, math.inf) for _ in range(3)] == [True, False, False]
    assert scale.value == LEAST


@pytest.mark.parametrize("loss", [math.inf, math.nan])
def test_a_loss_that_is_not_finite_has_nothing_to_do_with_the_scale(loss):
    scale = LossScale(dynamic=True)
    assert not scale.lowered(loss, math.inf)
    assert scale.tensors()["trainer.loss_scale"].tolist() == [START, 0.0]


def test_the_scale_doubles_after_just_as_many_good_updates_and_an_overflow_begins_the_count_anew():
    scale = LossScale(dynamic=True)
    for _ in range(PATIENCE - 1):
        assert not scale.lowered(0.5, 1.0)
    assert scale.tensors()["trainer.loss_scale"].tolist() == [START, PATIENCE - 1]
    scale.lowered(0.5, math.inf)
    assert scale.tensors()["trainer.loss_scale"].tolist() == [START / 2, 0]
    for _ in range(PATIENCE):
        scale.lowered(0.5, 1.0)
    assert scale.tensors()["trainer.loss_scale"].tolist() == [START, 0]
    scale.value = MOST
    for _ in range(PATIENCE):
        scale.lowered(0.5, 1.0)
    assert scale.value == MOST


def test_its_state_goes_on_where_it_was():
    scale, again = LossScale(dynamic=True), LossScale(dynamic=True)
    for _ in range(PATIENCE - 1):
        scale.lowered(0.5, 1.0)
    (name, state), *others = scale.tensors().items()
    assert (name, state.dtype, others) == ("trainer.loss_scale", torch.float64, [])
    again.load(state)
    again.lowered(0.5, 1.0)
    assert again.value == 2 * START
    again.load(None)
    assert again.value == 2 * START
    fixed = LossScale(dynamic=False)
    fixed.load(torch.tensor([8.0, 3.0]))
    assert fixed.value == 1.0


@pytest.mark.parametrize("edge", [LEAST, MOST])
def test_a_saved_scale_lies_within_the_bounds(edge):
    scale = LossScale(dynamic=True)
    scale.load(torch.tensor([edge, 0.0], dtype=torch.float64))
    assert scale.value == edge
    for damaged in (0.5, 2 * MOST, math.nan, -1.0):
        said = f"a loss scale lies in [1.0, 16777216.0], the saved one is {damaged}"
        with pytest.raises(RunError, match=f"^{re.escape(said)}$"):
            scale.load(torch.tensor([damaged, 0.0], dtype=torch.float64))
    assert scale.value == edge
