"""Meta-learning where the answer is known: quadratic tasks with closed forms, and sine waves from a few points."""

from __future__ import annotations

import math
from collections import deque
from itertools import islice

import pytest
import torch

from selfplay_gym.agents.training.meta.inner_loop import InnerLoop, restored
from selfplay_gym.agents.training.meta.methods import METHODS, falling, fomaml, method_of, multi_task, reptile
from selfplay_gym.core.errors import ConfigError, RunError, UnknownNameError

RATE = 0.1


def curvatures(seed, count, *, alike):
    """Symmetric positive matrices (count, 3, 3) with eigenvalues from 1 to 6."""
    draw = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(count):
        turned, _ = torch.linalg.qr(torch.randn(3, 3, generator=draw, dtype=torch.float64))
        found.append(turned @ torch.diag(1 + 5 * torch.rand(3, generator=draw, dtype=torch.float64)) @ turned.T)
    return torch.stack(found[:1] * count if alike else found)


def optima(seed, count):
    return 3 * torch.randn(count, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def quadratics(theta, curved, at):
    """Tasks ½(θ − c)ᵀA(θ − c), the same for every batch."""
    return [lambda _, A=A, c=c: 0.5 * (theta - c) @ A @ (theta - c) for A, c in zip(curved, at, strict=True)]


def found_by(method, curved, at, batches, outer_rate=0.3):
    """Where a method comes to rest, from 0."""
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    outer = torch.optim.SGD([theta], lr=outer_rate)
    tasks, inner = quadratics(theta, curved, at), InnerLoop(batches, RATE, "sgd")
    for _ in range(400):
        before = theta.detach().clone()
        method([theta], tasks, inner, outer)
        if torch.allclose(theta, before, rtol=0, atol=1e-9):
            return theta.detach()
    raise AssertionError("it does not come to rest")


def resting(weights, at):
    """The θ with Σ Wᵢ(θ − cᵢ) = 0."""
    return torch.linalg.solve(weights.sum(0), torch.einsum("kij,kj->i", weights, at))


def contraction(curved, steps):
    """(I − αA)ᵏ: what is left of θ − c after k steps."""
    return torch.linalg.matrix_power(torch.eye(3, dtype=torch.float64) - RATE * curved, steps)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batches", [1, 2, 5])
def test_reptile_rests_where_the_adapted_weights_balance(seed, batches):
    curved, at = curvatures(seed, 4, alike=False), optima(seed, 4)
    wanted = resting(torch.eye(3, dtype=torch.float64) - contraction(curved, batches), at)
    found = found_by(reptile, curved, at, batches, outer_rate=1.0)
    assert torch.allclose(found, wanted, atol=1e-6)


@pytest.mark.parametrize("method", [reptile, fomaml, multi_task])
def test_tasks_of_one_curvature_meet_in_the_mean_of_their_optima(method):
    curved, at = curvatures(7, 5, alike=True), optima(7, 5)
    assert torch.allclose(found_by(method, curved, at, 3), at.mean(0), atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("batches", [2, 4])
def test_first_order_maml_rests_where_the_gradients_at_the_adapted_weights_cancel(seed, batches):
    curved, at = curvatures(seed, 4, alike=False), optima(seed, 4)
    wanted = resting(curved @ contraction(curved, batches - 1), at)
    assert torch.allclose(found_by(fomaml, curved, at, batches), wanted, atol=1e-6)


def adapted_loss(theta, curved, at):
    """Mean loss of the tasks after one step from θ."""
    left = torch.einsum("kij,kj->ki", contraction(curved, 1), theta - at)
    return float(0.5 * torch.einsum("ki,kij,kj->", left, curved, left)) / len(at)


def test_what_it_finds_has_the_least_loss_after_one_step_but_for_the_first_order():
    draw = torch.Generator().manual_seed(0)
    for alike in (True, False):
        curved, at = curvatures(3, 4, alike=alike), optima(3, 4)
        best = resting(contraction(curved, 1) @ curved @ contraction(curved, 1), at)
        found = found_by(fomaml, curved, at, 2)
        least = adapted_loss(best, curved, at)
        for _ in range(50):
            other = best + 0.3 * torch.randn(3, generator=draw, dtype=torch.float64)
            assert adapted_loss(other, curved, at) > least
        joint = found_by(multi_task, curved, at, 1)
        lost, untaught = adapted_loss(found, curved, at) - least, adapted_loss(joint, curved, at) - least
        assert lost < 1e-9 if alike else 0 < lost < 0.5 * untaught


def test_multi_task_training_finds_the_least_mean_loss():
    curved, at = curvatures(5, 4, alike=False), optima(5, 4)
    assert torch.allclose(found_by(multi_task, curved, at, 2), resting(curved, at), atol=1e-6)


def test_all_methods_ask_for_the_same_batches():
    theta = torch.ones(2, requires_grad=True)
    for name, method in METHODS.items():
        asked = [[], [], []]
        tasks = [lambda batch, own=own: own.append(batch) or (theta**2).sum() for own in asked]
        method([theta], tasks, InnerLoop(4, 1e-2), torch.optim.SGD([theta], lr=0.1))
        assert asked == [[0, 1, 2, 3]] * 3, name


def test_the_losses_told_are_those_of_the_first_and_the_last_batch():
    for name, method in METHODS.items():
        theta = torch.tensor([2.0], requires_grad=True)
        first, last = method([theta], [lambda _, p=theta: 0.5 * (p**2).sum()], InnerLoop(3, 0.5, "sgd"), sgd(theta))
        assert (first, last) == (2.0, 2.0 * 0.25**2), name


def sgd(theta):
    return torch.optim.SGD([theta], lr=0.5)


def test_parameters_that_a_task_does_not_use_stay():
    used, unused = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    for method in METHODS.values():
        outer = torch.optim.SGD([used, unused], lr=0.1)
        method([used, unused], [lambda _: (used**2).sum()], InnerLoop(2, 0.1, "sgd"), outer)
    assert torch.equal(unused, torch.ones(3))
    assert not torch.equal(used, torch.ones(2))
    assert used.grad is None


def test_what_is_borrowed_is_given_back_whatever_happens():
    theta = torch.arange(3.0, requires_grad=True)
    with pytest.raises(RunError, match="nan"), restored([theta]):
        deque(InnerLoop(2, 0.1).steps([theta], lambda n: (theta**2).sum() * (math.nan if n > 1 else 1.0)))
    assert torch.equal(theta, torch.arange(3.0))
    with restored([theta]):
        assert [*islice(InnerLoop(2, 0.1).steps([theta], lambda _: (theta**2).sum()), 1)] == [5.0]
        assert not torch.equal(theta, torch.arange(3.0))


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_every_task_has_an_optimiser_of_its_own(optimiser):
    theta, inner = torch.tensor([1.0, -2.0], requires_grad=True), InnerLoop(3, 0.1, optimiser)

    def task(batch):
        return ((theta - batch) ** 2).sum()

    ends = []
    for _ in range(2):
        with restored([theta]):
            losses = [*islice(inner.steps([theta], task), 3)]
            ends.append((losses, theta.detach().clone()))
    assert ends[0][0] == ends[1][0]
    assert torch.equal(ends[0][1], ends[1][1])


def test_long_gradients_are_shortened():
    theta = torch.tensor([3.0, 4.0], requires_grad=True)
    _, gradient = InnerLoop(1, 0.1, max_grad_norm=1.0).gradient([theta], lambda _: 0.5 * (theta**2).sum(), 0)
    assert torch.allclose(gradient[0], torch.tensor([0.6, 0.8]))


@pytest.mark.parametrize(
    "options",
    [
        *({"batches": 0}, {"batches": 1.5}, {"batches": True}, {"learning_rate": 0.0}),
        *({"learning_rate": math.inf}, {"learning_rate": math.nan}, {"max_grad_norm": 0.0}),
    ],
)
def test_an_inner_loop_that_cannot_work_is_refused(options):
    with pytest.raises(ConfigError):
        InnerLoop(**options)


def test_unknown_names_no_task_and_no_query_are_refused():
    theta = torch.ones(1, requires_grad=True)
    with pytest.raises(UnknownNameError, match="reptile"):
        method_of("reptil")
    with pytest.raises(UnknownNameError, match="adam"):
        InnerLoop(optimiser="adan")
    with pytest.raises(ConfigError, match="at least one task"):
        reptile([theta], [], InnerLoop(), sgd(theta))
    with pytest.raises(ConfigError, match="two batches"):
        fomaml([theta], [lambda _: (theta**2).sum()], InnerLoop(batches=1), sgd(theta))


# --- sine waves, as in both papers ---


class Waves:
    """A small network that is to follow a·sin(x + b) from ten points of it."""

    def __init__(self):
        draw = torch.Generator().manual_seed(0)
        shapes = [(1, 32), (32,), (32, 32), (32,), (32, 1), (1,)]
        self.parameters = [
            (torch.randn(shape, generator=draw) * (shape[0] ** -0.5 if len(shape) > 1 else 0.1)).requires_grad_()
            for shape in shapes
        ]

    def task(self, seed):
        draw = torch.Generator().manual_seed(seed)
        size, shift = 0.5 + 4 * torch.rand(1, generator=draw), 2 * math.pi * torch.rand(1, generator=draw)

        def loss(batch):
            x = 10 * torch.rand(10, 1, generator=torch.Generator().manual_seed(1000 * seed + batch)) - 5
            w1, b1, w2, b2, w3, b3 = self.parameters
            y = torch.tanh(torch.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
            return ((y - size * torch.sin(x + shift)) ** 2).mean()

        return loss

    def after(self, steps, seed):
        """Loss on a new wave after so many steps on ten of its points, mean over further points of it."""
        task = self.task(seed)
        with restored(self.parameters):
            [*islice(InnerLoop(1, 0.02, "sgd").steps(self.parameters, lambda _: task(0)), steps)]
            with torch.no_grad():
                return sum(float(task(batch)) for batch in range(1, 11)) / 10


def test_reptile_learns_to_follow_new_waves_from_ten_points():
    lost = {}
    for name in ("reptile", "multi-task"):
        waves = Waves()
        outer = torch.optim.SGD(waves.parameters, lr=1.0) if name == "reptile" else None
        outer = outer or torch.optim.Adam(waves.parameters, lr=1e-3)
        for step in range(300):
            outer.param_groups[0]["lr"] = falling(1.0 if name == "reptile" else 1e-3, step, 300)
            METHODS[name](waves.parameters, [waves.task(step)], InnerLoop(8, 0.02, "sgd"), outer)
        lost[name] = sum(waves.after(8, 10_000 + seed) for seed in range(20)) / 20
    assert lost["reptile"] < 0.8 * lost["multi-task"]
