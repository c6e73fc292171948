"""Several updates per pass: each over its share of the rows, together the batch."""

import pytest
import torch

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.training.batch import dealt, rows_that_teach
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "What is 7*8?", "Compute 9-3."]


def rewards_of(prompts, groups):
    return [[float(len(text) % 3) + 0.1 * at for at, text in enumerate(group)] for group in groups]


def trainer(loss_type="dr_grpo", **settings):
    agent = LLMAgent.from_pretrained("tiny")
    return GRPOTrainer(agent, GRPOConfig(max_new_tokens=8, loss_type=loss_type, scale="none", **settings))


def batch_of(instance):
    drawn = instance.play(PROMPTS, rewards_of, samples=4, seed=1)
    return rows_that_teach(drawn.samples, drawn.rewards, instance.config, instance.device)


def gradients_of(instance):
    """What the optimiser finds at each of its steps, none of which moves anything."""
    found = []

    def step():
        found.append(torch.cat([p.grad.flatten() for p in instance.parameters.values()]))

    instance.optimizer.step = step
    instance.step(PROMPTS, rewards_of, samples=4, seed=1)
    return torch.stack(found)


@pytest.mark.parametrize("loss_type", ["dr_grpo", "dapo", "grpo"])
def test_each_is_over_its_share_and_together_they_are_the_batch(loss_type):
    whole, dealt_out = (trainer(loss_type, max_grad_norm=1e9, minibatches=parts) for parts in (1, 3))
    together, parts = gradients_of(whole)[0], gradients_of(dealt_out)
    assert len(parts) == 3
    assert torch.allclose(parts.mean(0), together, rtol=1e-3, atol=1e-5 * float(together.abs().max()))
    assert not torch.allclose(parts[0], parts[1], rtol=0.1)


def test_updates_and_tokens_are_counted_by_pass():
    instance = trainer(epochs=2, minibatches=3)
    before = instance.agent.counted.trained
    metrics = instance.step(PROMPTS, rewards_of, samples=4, seed=1)
    assert (metrics.updates, metrics.skipped) == (6, 0)
    assert instance.agent.counted.trained - before == 2 * metrics.tokens_trained
    assert metrics.ratio_max != 1.0


def test_the_ratio_is_to_the_weights_that_wrote(monkeypatch):
    """Also in the last part, before which the weights have moved."""
    instance = trainer(learning_rate=1e-3, minibatches=4)
    before = instance.logps(batch_of(instance)).detach()
    batch, olds = batch_of(instance), []
    loss = type(instance).logps

    def noted(self, part, activations=None):
        found = loss(self, part, activations)
        olds.append((part.sampled_as, found.detach()))
        return found

    monkeypatch.setattr(type(instance), "logps", noted)
    instance.step(PROMPTS, rewards_of, samples=4, seed=1)
    place = {row: number for number, row in enumerate(batch.sampled_as.tolist())}
    first, later = olds[: len(olds) // 2], olds[len(olds) // 2 :]
    for rows, logp in first:
        expected = before[[place[row] for row in rows.tolist()], : logp.shape[1]]
        assert torch.allclose(logp, expected, atol=1e-5)
    rows, logp = later[-1]
    assert not torch.allclose(logp, before[[place[row] for row in rows.tolist()], : logp.shape[1]], atol=1e-3)


@pytest.mark.parametrize("number", [1, 2, 3, 40])
def test_rows_are_dealt_once_each_and_by_several_processes_as_by_one(number):
    instance = trainer()
    batch = batch_of(instance)
    parts = dealt(batch, number)
    assert len(parts) == number
    assert sorted(row for part in parts for row in part.sampled_as.tolist()) == sorted(batch.sampled_as.tolist())
    assert sum(part.rows_total for part in parts) == pytest.approx(batch.rows_total)
    half = dealt(batch.part(torch.arange(0, len(batch), 2)), number)
    for own, all_of_it in zip(half, parts, strict=True):
        assert set(own.sampled_as.tolist()) <= set(all_of_it.sampled_as.tolist())


def test_more_parts_than_rows_are_no_fault():
    metrics = trainer(minibatches=40).step(PROMPTS, rewards_of, samples=2, seed=1)
    assert 1 <= metrics.updates <= 8
