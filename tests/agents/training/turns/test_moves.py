"""Moves as rows of an update: equal ones are computed once, and no gradient changes by that."""

import dataclasses

import pytest
import torch

from selfplay_gym.agents import LLMAgent
from selfplay_gym.agents.training.objectives import PolicyGradient
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.agents.training.turns.moves import SUMS, Moves, joined, learn_moves, rows_of_moves
from selfplay_gym.core.errors import ConfigError

PROMPTS = ["one", "two", "one", "one", "two", "one"]


@pytest.fixture(scope="module")
def agent():
    return LLMAgent.from_pretrained("tiny", max_new_tokens=3)


def moves_of(agent, seed=0, prompts=PROMPTS):
    """Two calls, in which the same is written several times."""
    calls = [agent.sample(prompts, n=1, seed=seed), agent.sample([*prompts, "three"], n=1, seed=seed)]
    samples = joined(calls)
    generator = torch.Generator().manual_seed(seed)
    advantages = torch.randn(len(samples.tokens), generator=generator, dtype=torch.float64)
    return Moves(samples, advantages.sign(), advantages)


def gradient(trainer, batch, moved=False):
    """Of the loss; where the weights have moved, as far from those that wrote as from the reference."""
    objective = PolicyGradient(trainer.config, 3, True)
    logp = trainer.logps(batch)
    reference = trainer.reference_logps(batch) if trainer.config.kl_weight or moved else None
    loss, _ = objective.loss(logp, reference if moved else logp.detach(), batch, reference)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(trainer.agent.model.parameters()))])


@pytest.mark.parametrize("loss_type", [*SUMS, "grpo"])
@pytest.mark.parametrize("kl_weight", [0.0, 0.5])
@pytest.mark.parametrize("minibatches", [1, 2])
def test_merging_equal_moves_changes_no_gradient(agent, loss_type, kl_weight, minibatches):
    other = LLMAgent.from_pretrained("frontier", max_new_tokens=3)
    config = GRPOConfig(loss_type=loss_type, kl_weight=kl_weight, scale="batch", minibatches=minibatches)
    trainer = GRPOTrainer(agent, config, reference=other)
    moves = moves_of(agent)
    merged = rows_of_moves(moves, config, trainer.device)
    whole = rows_of_moves(moves, dataclasses.replace(config, loss_type="grpo"), trainer.device)  # never merged
    assert len(whole) == len(moves.samples.tokens)
    assert (len(merged) < len(whole)) == (loss_type in SUMS)
    assert float(merged.mask.sum()) == float(whole.mask.sum())
    moved = minibatches > 1
    found, expected = gradient(trainer, merged, moved), gradient(trainer, whole, moved)
    assert torch.allclose(found, expected, rtol=1e-4, atol=2e-6 * max(1.0, float(expected.abs().max())))


def test_a_step_makes_good_moves_likelier():
    agent = LLMAgent.from_pretrained("tiny", max_new_tokens=3)
    trainer = GRPOTrainer(agent, GRPOConfig(learning_rate=1e-3, loss_type="dr_grpo", scale="none"))
    moves = moves_of(agent, seed=4)
    batch = rows_of_moves(moves, trainer.config, trainer.device)
    before = (trainer.logps(batch).sum(1) * batch.advantages * batch.mask.amax(1)).sum()
    metrics = learn_moves(trainer, moves)
    after = (trainer.logps(batch).sum(1) * batch.advantages * batch.mask.amax(1)).sum()
    assert after > before
    assert metrics.updates == 1
    assert metrics.tokens_trained == int((batch.mask > 0).sum())
    assert metrics.groups_drawn == len(moves.rewards)
    assert trainer.steps == 1


def test_scale_divides_by_the_deviation_over_the_batch(agent):
    moves = moves_of(agent)
    plain = rows_of_moves(moves, GRPOConfig(scale="none"), torch.device("cpu"))
    scaled = rows_of_moves(moves, GRPOConfig(scale="batch"), torch.device("cpu"))
    assert torch.allclose(plain.advantages, scaled.advantages * moves.advantages.std().float(), atol=1e-3)


def test_moves_that_cannot_be_learnt_are_refused(agent):
    samples = agent.sample(PROMPTS, n=1, seed=0)
    good = torch.zeros(6, dtype=torch.float64)
    with pytest.raises(ConfigError, match="must be finite"):
        Moves(samples, good, good.clone().fill_(float("nan")))
    with pytest.raises(ConfigError, match="one completion per prompt"):
        Moves(samples, good[:5], good)
    with pytest.raises(ConfigError, match="one completion per prompt"):
        Moves(agent.sample(PROMPTS[:3], n=2, seed=0), good, good)


def test_no_moves_are_a_step_without_an_update(agent):
    trainer = GRPOTrainer(agent, GRPOConfig(loss_type="dr_grpo"))
    none = torch.zeros(0, dtype=torch.float64)
    metrics = learn_moves(trainer, Moves(joined([]), none, none))
    assert (metrics.updates, metrics.rows_trained, metrics.mean_length) == (0, 0, 0.0)
    assert trainer.steps == 1


@pytest.mark.parametrize("spread", [0.0, 1e-6])
def test_advantages_that_are_nearly_alike_are_not_blown_up(agent, spread):
    moves = moves_of(agent)
    advantages = torch.full_like(moves.advantages, -2.0)
    advantages[0] += spread
    scaled = rows_of_moves(
        dataclasses.replace(moves, advantages=advantages), GRPOConfig(scale="batch"), torch.device("cpu")
    )
    assert torch.allclose(scaled.advantages, torch.tensor(-10.0), atol=0.02)
