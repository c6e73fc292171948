"""Dynamic sampling replaces groups without variance and nothing else, and its bias is the documented factor."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from selfplay_gym.agents.grpo import group_advantages, grpo_loss, zero_variance_groups
from selfplay_gym.agents.inference.interface.samples import Samples
from selfplay_gym.agents.training.dynamic_sampling import Draw, DynamicSampling
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.seeding import integer_seed

LOGITS = torch.tensor([[0.3, -0.4, 1.1], [2.0, 0.1, -1.0]], dtype=torch.float64)
"""Two prompts, three completions of one token each."""
REWARDS = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 1.0]], dtype=torch.float64)
ASKED = torch.tensor([0.3, 0.7], dtype=torch.float64)
"""How often each prompt is drawn."""
GROUPS = [(prompt, arms) for prompt in range(2) for arms in product(range(3), repeat=2)]


def drawn(groups):
    """A draw that brought these groups of (prompt, arms)."""
    arms = torch.tensor([arm for _, group in groups for arm in group])
    ones = torch.ones(len(arms), dtype=torch.int64)
    samples = Samples([list(map(str, g)) for _, g in groups], [[p] for p, _ in groups], arms[:, None], arms, ones, ones)
    samples = Samples(**{**vars(samples), "logps": torch.zeros(len(arms), 1)})
    return Draw(samples, torch.stack([REWARDS[p, list(group)] for p, group in groups]))


def gradient(draw, logits):
    """Of the loss of a batch, by the logits of both prompts."""
    logits = logits.clone().requires_grad_()
    owner = torch.tensor([p[0] for p in draw.samples.prompt_ids]).repeat_interleave(draw.samples.n)
    logp = logits.log_softmax(1)[owner, draw.samples.tokens[:, 0]][:, None]
    advantages = group_advantages(draw.rewards, scale="none", eps=0.0).flatten()
    loss, _ = grpo_loss(logp, logp.detach(), advantages, torch.ones_like(logp), clip_low=0.2)
    loss.backward()
    return logits.grad


def chance(group):
    prompt, arms = group
    return float(ASKED[prompt] * LOGITS[prompt].softmax(0)[list(arms)].prod())


@pytest.mark.parametrize("draws", [1, 2])
def test_the_expected_gradient_is_the_documented_multiple(draws):
    """By enumeration of everything that can be drawn, for a batch of one group."""
    alone = {group: drawn([group]) for group in GROUPS}
    gradients = {group: gradient(draw, LOGITS) for group, draw in alone.items()}
    plain = sum(chance(g) * gradients[g] for g in GROUPS)
    variance_share = sum(chance(g) for g in GROUPS if not zero_variance_groups(alone[g].rewards))
    expected, total = torch.zeros_like(LOGITS), 0.0
    for chain in product(GROUPS, repeat=draws + 1):
        later = iter(chain[1:])
        sampling = DynamicSampling(draws, lambda count: ([""] * count, rewarded))
        kept = sampling.fill(alone[chain[0]], lambda *_, later=later: alone[next(later)], 0)[0].samples
        weight = math.prod(map(chance, chain))
        expected += weight * gradients[kept.prompt_ids[0][0], tuple(kept.tokens[:, 0].tolist())]
        total += weight
    assert total == pytest.approx(1.0, abs=1e-12)
    factor = (1 - (1 - variance_share) ** (draws + 1)) / variance_share
    assert factor > 1.2
    assert torch.allclose(expected, factor * plain, atol=1e-12)


def rewarded(prompts, groups):
    return [[float(len(text)) for text in group] for group in groups]


def test_groups_with_variance_replace_those_without():
    equal, varied, other = (0, (1, 2)), (0, (0, 1)), (1, (1, 2))
    first, fresh = drawn([equal, varied, equal, equal]), drawn([equal, other, varied])
    asked = []

    def more(count):
        asked.append(count)
        return [""] * count, rewarded

    batch, *draws = DynamicSampling(1, more).fill(first, lambda *_: fresh, 0)
    assert asked == [3]
    assert len(draws) == 2
    assert batch.samples.prompt_ids == [[1], [0], [0], [0]]
    assert batch.samples.tokens[:, 0].tolist() == [1, 2, 0, 1, 0, 1, 1, 2]
    assert batch.samples.texts == [["1", "2"], ["0", "1"], ["0", "1"], ["1", "2"]]
    assert zero_variance_groups(batch.rewards).tolist() == [False, False, False, True]
    assert first.samples.prompt_ids[0] == [0]


def test_it_ends_when_full_when_prompts_run_out_and_at_the_limit():
    equal, varied = drawn([(0, (1, 2))]), drawn([(0, (0, 1))])

    def fills(first, fresh, draws, prompts):
        found = DynamicSampling(draws, lambda _: (prompts, rewarded)).fill(first, lambda *_: fresh, 0)
        return len(found) - 2

    assert fills(varied, varied, 3, [""]) == 0
    assert fills(equal, varied, 3, [""]) == 1
    assert fills(equal, equal, 3, [""]) == 3
    assert fills(equal, equal, 3, []) == 0
    with pytest.raises(ConfigError, match="draws"):
        DynamicSampling(-1, lambda _: ([], rewarded))


PROMPTS, MORE = ["What is 1+2?", "Solve 3x+4=19."], ["What is 9-4, all in all?", "7*8"]


def unrewarded(prompts, groups):
    return [[0.0] * len(group) for group in groups]


def half_rewarded(prompts, groups):
    return [[float(len(text)) * (i == 0) for text in group] for i, group in enumerate(groups)]


def step(make_agent, prompts, reward_fn, seed=0, dynamic_sampling=None, **settings):
    trainer = GRPOTrainer(make_agent(), GRPOConfig(max_new_tokens=24, **settings))
    metrics = trainer.step(prompts, reward_fn, samples=4, seed=seed, dynamic_sampling=dynamic_sampling)
    return metrics, [p.detach().clone() for p in trainer.agent.model.parameters()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_batch_where_all_groups_vary_is_trained_as_without_it(make_agent):
    plain, weights = step(make_agent, PROMPTS, rewarded)
    metrics, again = step(
        make_agent, PROMPTS, rewarded, dynamic_sampling=DynamicSampling(2, lambda count: (MORE[:count], rewarded))
    )
    assert plain.groups_drawn == metrics.groups_drawn == 2
    assert metrics == plain
    assert same(weights, again)


def test_a_wholly_replaced_batch_is_the_batch_of_the_other_prompts(make_agent):
    """Under their own seed; up to the reuse of sampling's products, which such a batch does without."""
    sampling = DynamicSampling(1, lambda count: (MORE[:count], rewarded))
    metrics, weights = step(make_agent, PROMPTS, unrewarded, dynamic_sampling=sampling, autocast=None)
    plain, expected = step(make_agent, MORE, rewarded, seed=integer_seed(0, "refill", 0))
    assert metrics.groups_drawn == 4
    assert metrics.zero_variance_share == 0.5
    assert metrics.rows_trained == plain.rows_trained == 8
    assert metrics.mean_reward == pytest.approx(plain.mean_reward / 2)
    assert metrics.loss == pytest.approx(plain.loss, abs=1e-5)
    assert metrics.grad_norm == pytest.approx(plain.grad_norm, rel=1e-4)
    assert all(torch.allclose(a, b, atol=2e-4) for a, b in zip(weights, expected, strict=True))


def test_groups_that_stay_without_variance_stay_in_the_denominator(make_agent):
    """One of two groups replaced: the same as if the batch had been drawn like that."""
    sampling = DynamicSampling(1, lambda count: (MORE[:count], half_rewarded))
    metrics, _ = step(make_agent, PROMPTS, unrewarded, dynamic_sampling=sampling)
    alone, _ = step(make_agent, MORE, half_rewarded, seed=integer_seed(0, "refill", 0))
    assert metrics.rows_trained == alone.rows_trained == 4
    assert metrics.grad_norm == pytest.approx(alone.grad_norm, rel=1e-4)
