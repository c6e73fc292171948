"""What a step reports and hands on, number by number: metrics, loss arguments, clipping, saved state, refusals."""

from __future__ import annotations

import dataclasses
import math
import re
from types import SimpleNamespace

import pytest
import torch

from selfplay_gym.agents.grpo import grpo_loss, sampler_correction
from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.training import objectives
from selfplay_gym.agents.training import trainer as module
from selfplay_gym.agents.training.batch import rows_that_teach
from selfplay_gym.agents.training.config import StepMetrics
from selfplay_gym.agents.training.dynamic_sampling import DynamicSampling
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError, RunError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "and a longer one, to pad the others"]


def lengths(prompts, groups):
    """Different rewards in every group but the last."""
    last = len(groups) - 1
    return [[1.0 if i == last else len(text) + 0.01 * j for j, text in enumerate(g)] for i, g in enumerate(groups)]


def trainer(make_agent, reference=None, **settings):
    return GRPOTrainer(make_agent(), GRPOConfig(**{"max_new_tokens": 8, **settings}), reference=reference)


def watched(monkeypatch, instance):
    """What the loss is given and what the optimiser finds, while both do their work."""
    calls, gradients = [], []

    def spy(*arguments, **options):
        loss, diagnostics = grpo_loss(*arguments, **options)
        held = [a.detach() if isinstance(a, torch.Tensor) else a for a in arguments]
        calls.append((held, options, float(loss.detach()), diagnostics))
        return loss, diagnostics

    def step():
        gradients.append([p.grad.clone() for p in instance.parameters.values()])

    monkeypatch.setattr(objectives, "grpo_loss", spy)
    instance.optimizer.step = step
    return calls, gradients


def norm(tensors):
    return math.hypot(*(float(t.norm()) for t in tensors))


# --- what a step reports ---


def test_the_measures_of_a_step_are_those_of_its_samples(make_agent):
    instance = trainer(make_agent, learning_rate=3e-4)
    given = []

    def reward(prompts, groups):
        given.extend(lengths(prompts, groups))
        return given

    drawn = instance.agent.sample(PROMPTS, n=4, seed=5)
    before = [p.detach().clone() for p in instance.parameters.values()]
    metrics = instance.step(PROMPTS, reward, samples=4, seed=5)
    rewards = torch.tensor(given, dtype=torch.float64)
    assert metrics.mean_reward == pytest.approx(rewards.mean().item())
    assert metrics.reward_std == pytest.approx(rewards.std(correction=0).item())
    assert metrics.zero_variance_share == pytest.approx(1 / 3)
    assert metrics.groups_drawn == 3
    assert metrics.mean_length == pytest.approx(drawn.lengths.double().mean().item())
    assert metrics.truncated_share == pytest.approx(1 - drawn.finished.double().mean().item())
    assert (metrics.rows_trained, metrics.tokens_trained) == (8, int(drawn.lengths[:8].sum()))
    assert (metrics.updates, metrics.skipped, metrics.learning_rate, metrics.loss_scale) == (1, 0, 3e-4, 1.0)
    moved = norm(p.detach() - b for p, b in zip(instance.parameters.values(), before, strict=True))
    assert metrics.update_norm == pytest.approx(moved)
    assert (instance.steps, instance.skipped) == (1, 0)
    assert all(p.grad is None for p in instance.parameters.values())


def test_a_step_without_variance_is_counted_and_measured(make_agent):
    instance = trainer(make_agent)
    metrics = instance.step(PROMPTS, lambda p, g: [[2.0] * 4] * 3, samples=4, seed=0)
    assert (metrics.mean_reward, metrics.reward_std, metrics.groups_drawn, metrics.updates) == (2.0, 0.0, 3, 0)
    assert metrics.mean_length > 0
    assert metrics.learning_rate == instance.learning_rate
    assert instance.steps == 1


def test_all_draws_count_in_the_measures(make_agent):
    sampling = DynamicSampling(1, lambda count: (["7*8"], lambda prompts, groups: [[0.0, 3.0]] * len(groups)))
    metrics = trainer(make_agent).step(
        PROMPTS[:1], lambda p, g: [[1.0, 1.0]], samples=2, seed=0, dynamic_sampling=sampling
    )
    assert (metrics.groups_drawn, metrics.zero_variance_share, metrics.mean_reward) == (2, 0.5, 1.25)
    assert metrics.rows_trained == 2


def test_diagnostics_are_means_over_tokens_however_the_batch_is_cut(make_agent):
    settings = {"epochs": 2, "learning_rate": 1e-2, "kl_weight": 0.1}
    whole = trainer(make_agent, make_agent(seed=1), **settings).step(PROMPTS, lengths, samples=4, seed=0)
    cut = trainer(make_agent, make_agent(seed=1), micro_batch_tokens=1, **settings)
    found = cut.step(PROMPTS, lengths, samples=4, seed=0)
    for name in ("loss", "kl", "entropy", "clip_share", "ratio_max", "grad_norm"):
        assert getattr(found, name) == pytest.approx(getattr(whole, name), rel=0.02), name
    assert whole.kl > 0.01
    assert whole.entropy > 0.5


def test_sums_weigh_each_part_by_its_tokens():
    parts = [SimpleNamespace(mask=torch.ones(2, 3)), SimpleNamespace(mask=torch.tensor([[1.0, 0.0]]))]
    seen = [
        {"kl": torch.tensor(0.5), "entropy": torch.tensor(2.0)},
        {"kl": torch.tensor(4.0), "entropy": torch.tensor(1.0)},
    ]
    for one in seen:
        one["clip_share"] = torch.tensor(0.0)
    objective = objectives.PolicyGradient(GRPOConfig(), 8, True)
    assert objectives.sums_of(objective, seen, parts) == [7.0, 7.0, 13.0, 0.0]


# --- what the loss is given ---


def test_every_setting_of_the_loss_reaches_it(make_agent, monkeypatch):
    settings = {"loss_type": "dr_grpo", "clip_low": 0.125, "clip_high": 0.375, "kl_weight": 0.25}
    settings |= {"kl_estimator": "k2", "kl_corrected": False, "max_new_tokens": 7}
    instance = trainer(make_agent, make_agent(seed=1), **settings)
    calls, _ = watched(monkeypatch, instance)
    metrics = instance.step(PROMPTS, lengths, samples=4, seed=0)
    ((logp, old, advantages, mask), options, loss, _), *others = calls
    assert others == []
    told = {name: value for name, value in options.items() if name != "ref_logp"}
    assert told == {
        "loss_type": "dr_grpo",
        "clip_low": 0.125,
        "clip_high": 0.375,
        "beta": 0.25,
        "max_tokens": 7,
        "kl_estimator": "k2",
        "kl_corrected": False,
        "importance": None,
        "rows_total": 12,
        "tokens_total": pytest.approx(metrics.mean_length * 12),
    }
    assert torch.equal(logp, old)
    assert options["ref_logp"].shape == logp.shape == mask.shape
    assert advantages.shape == (8,)
    assert metrics.loss == pytest.approx(loss)


def test_the_reference_is_asked_without_gradient_and_only_for_a_divergence(make_agent, monkeypatch):
    reference = make_agent(seed=1)
    instance = trainer(make_agent, reference, kl_weight=0.5)
    calls, _ = watched(monkeypatch, instance)
    instance.step(PROMPTS[:1] * 2, lengths, samples=4, seed=0)
    ((logp, *_), options, _, _) = calls[0]
    drawn = instance.agent.sample(PROMPTS[:1] * 2, n=4, seed=0)
    rows = torch.arange(4)
    with torch.no_grad():
        expected = completion_logps(
            reference.model,
            reference.decoder,
            drawn.prompt_ids[:1],
            torch.zeros(4, dtype=torch.int64),
            drawn.tokens[rows, : logp.shape[1]],
            drawn.lengths[rows],
            temperature=1.0,
        )
    assert torch.allclose(
        options["ref_logp"] * drawn.mask[rows, : logp.shape[1]], expected * drawn.mask[rows, : logp.shape[1]], atol=1e-5
    )
    assert not options["ref_logp"].requires_grad
    free = trainer(make_agent, reference)
    calls, _ = watched(monkeypatch, free)
    free.step(PROMPTS, lengths, samples=4, seed=0)
    assert calls[0][1]["ref_logp"] is None


def test_the_temperature_of_sampling_is_that_of_the_loss(make_agent, monkeypatch):
    instance = trainer(make_agent, temperature=2.0)
    assert instance.agent.settings.temperature == 2.0
    calls, _ = watched(monkeypatch, instance)
    drawn = instance.agent.sample(PROMPTS, n=4, seed=0)
    instance.step(PROMPTS, lengths, samples=4, seed=0)
    (logp, _, _, mask), *_ = calls[0]
    assert torch.allclose(logp * mask, drawn.logps[:8, : logp.shape[1]] * mask, atol=1e-5)


def test_the_nucleus_of_the_settings_is_the_samplers(make_agent):
    assert trainer(make_agent, top_p=0.5, allow_top_p=True).agent.settings.top_p == 0.5


def test_old_log_probabilities_are_those_of_the_first_epoch(make_agent, monkeypatch):
    instance = trainer(make_agent, epochs=3, learning_rate=1e-2)
    plain = instance.optimizer.step
    calls, _ = watched(monkeypatch, instance)
    instance.optimizer.step = plain
    metrics = instance.step(PROMPTS, lengths, samples=4, seed=0)
    assert metrics.updates == len(calls) == 3
    (first, *_), (second, *_), (third, *_) = calls
    assert torch.equal(first[0], first[1])
    assert torch.equal(first[1], second[1])
    assert torch.equal(first[1], third[1])
    assert not torch.allclose(second[0], second[1], atol=1e-4)
    assert metrics.loss == pytest.approx(calls[-1][2])
    assert metrics.ratio_max == pytest.approx(float(calls[-1][3]["ratio_max"]))


def test_completions_of_another_policy_are_weighed(make_agent, monkeypatch):
    instance = trainer(make_agent)
    instance.agent.sampler.on_policy = False
    calls, _ = watched(monkeypatch, instance)
    whole = type(instance.agent).sample

    def elsewhere(agent, *arguments, **options):
        drawn = whole(agent, *arguments, **options)
        logps = drawn.logps - 0.25
        logps[:, 0] = float("nan")  # a sampler that does not say how likely its first tokens were
        return dataclasses.replace(drawn, logps=logps)

    monkeypatch.setattr(type(instance.agent), "sample", elsewhere)
    instance.step(PROMPTS, lengths, samples=4, seed=0)
    (_, old, _, mask), options, *_ = calls[0]
    assert torch.allclose(options["importance"][:, 0], torch.ones(len(old)))
    inside = mask[:, 1:] > 0
    assert torch.allclose(options["importance"][:, 1:][inside], torch.tensor(math.exp(0.25)), atol=1e-4)
    assert not options["importance"].requires_grad
    known = SimpleNamespace(sampler_logp=torch.tensor([[-1.0, math.nan, -9.0]]), mask=torch.tensor([[1.0, 1.0, 0.0]]))
    logp = torch.tensor([[-0.5, -3.0, -1.0]])
    expected = sampler_correction(logp, torch.tensor([[-1.0, -3.0, -1.0]]), known.mask)
    assert torch.equal(objectives._off_policy_weights(logp, known), expected)


# --- gradients and updates ---


def test_a_long_gradient_is_cut_to_the_limit_and_told_at_its_full_length(make_agent, monkeypatch):
    free = trainer(make_agent, max_grad_norm=1e9)
    _, whole = watched(monkeypatch, free)
    full = free.step(PROMPTS, lengths, samples=4, seed=0).grad_norm
    assert full == pytest.approx(norm(whole[0]), rel=1e-5)
    short = trainer(make_agent, max_grad_norm=full / 4)
    _, cut = watched(monkeypatch, short)
    metrics = short.step(PROMPTS, lengths, samples=4, seed=0)
    assert metrics.grad_norm == pytest.approx(full, rel=1e-5)
    assert norm(cut[0]) == pytest.approx(full / 4, rel=1e-4)


def test_each_epoch_begins_with_no_gradient(make_agent, monkeypatch):
    instance = trainer(make_agent, epochs=2, max_grad_norm=1e9)
    _, gradients = watched(monkeypatch, instance)  # the optimiser moves nothing, so both epochs find the same
    for parameter in instance.parameters.values():
        parameter.grad = torch.full_like(parameter, 7.0)
    instance.step(PROMPTS, lengths, samples=4, seed=0)
    first, second = gradients
    assert norm(a - b for a, b in zip(first, second, strict=True)) <= 1e-4 * norm(first)


@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
def test_refused_updates_are_counted_for_good(make_agent, monkeypatch, poison):
    instance = trainer(make_agent, epochs=2)

    def broken(*arguments, **options):
        loss, diagnostics = grpo_loss(*arguments, **options)
        return loss * poison, diagnostics

    monkeypatch.setattr(objectives, "grpo_loss", broken)
    for steps in (1, 2):
        metrics = instance.step(PROMPTS, lengths, samples=4, seed=0)
        assert (metrics.updates, metrics.skipped, metrics.update_norm) == (0, 2, 0.0)
        assert (instance.steps, instance.skipped) == (steps, 2 * steps)


def test_only_matrices_decay(make_agent):
    instance = trainer(make_agent, weight_decay=0.5, betas=(0.5, 0.75), learning_rate=2e-3)
    matrices, vectors = instance.optimizer.param_groups
    assert {p.dim() for p in matrices["params"]} == {2}
    assert {p.dim() for p in vectors["params"]} == {1}
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.5, 0.0)
    for group in (matrices, vectors):
        assert (group["lr"], group["betas"]) == (2e-3, (0.5, 0.75))
    assert len(matrices["params"]) + len(vectors["params"]) == len(instance.parameters)
    assert instance.learning_rate == 2e-3


def test_the_learning_rate_can_be_set_between_steps_and_must_be_a_positive_number(make_agent):
    instance = trainer(make_agent)
    instance.learning_rate = 5e-5
    assert [group["lr"] for group in instance.optimizer.param_groups] == [5e-5, 5e-5]
    for wrong in (0.0, -1e-4, math.inf, math.nan):
        said = f"learning_rate must be positive and finite, got {wrong!r}"
        with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
            instance.learning_rate = wrong
    assert instance.learning_rate == 5e-5


def test_products_of_sampling_are_reused_only_in_the_same_precision_and_with_memory_to_spare():
    kept = {
        name: GRPOConfig(**settings).reuses_activations
        for name, settings in {
            "plain": {},
            "autocast": {"autocast": "bfloat16"},
            "checkpointing": {"gradient_checkpointing": True},
        }.items()
    }
    assert kept == {"plain": True, "autocast": False, "checkpointing": False}


def test_products_of_sampling_serve_the_first_epoch_and_only_while_no_weight_has_moved(make_agent, monkeypatch):
    given = []

    def spy(*arguments, **options):
        given.append(options["activations"] is not None)
        return completion_logps(*arguments, **options)

    monkeypatch.setattr(module, "completion_logps", spy)

    def moving(instance):
        def reward(prompts, groups):
            with torch.no_grad():
                next(iter(instance.parameters.values())).mul_(1.0)
            return lengths(prompts, groups)

        return reward

    for reward_of, expected in ((lambda _: lengths, [True, False]), (moving, [False, False])):
        given.clear()
        instance = trainer(make_agent, epochs=2)
        instance.step(PROMPTS, reward_of(instance), samples=4, seed=0)
        assert given == expected


def test_a_rank_updates_with_its_rows_at_the_rate_it_is_told(make_agent):
    alone, rank = trainer(make_agent, learning_rate=3e-4), trainer(make_agent)
    whole = alone.step(PROMPTS, lengths, samples=4, seed=0)
    drawn = rank.agent.sample(PROMPTS, n=4, seed=0)
    rewards = torch.tensor(lengths(PROMPTS, drawn.texts), dtype=torch.float64)
    batch = rows_that_teach(drawn, rewards, rank.config, torch.device("cpu"))
    objective = objectives.PolicyGradient(rank.config, max_tokens=8, on_policy=True)
    found = rank.update_on_rank(
        batch, torch.zeros(len(batch), dtype=torch.int64), StepMetrics(learning_rate=3e-4), objective, True
    )
    assert rank.learning_rate == found.learning_rate == 3e-4
    assert (found.updates, found.skipped) == (1, 0)
    assert found.grad_norm == pytest.approx(whole.grad_norm, rel=1e-3)
    for one, other in zip(alone.parameters.values(), rank.parameters.values(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_l2_sp_moves_what_is_trained_by_a_share_of_the_way(make_agent):
    instance = trainer(make_agent)
    before = {name: p.detach().clone() for name, p in instance.parameters.items()}
    target = {name: torch.zeros_like(p) for name, p in before.items()}
    instance.l2_sp(target, 0.25)
    for name, parameter in instance.parameters.items():
        assert torch.allclose(parameter.detach(), 0.75 * before[name], atol=1e-6), name


# --- what is saved, and what is refused ---


def test_the_saved_state_has_counters_rate_and_running_means(make_agent):
    instance = trainer(make_agent)
    instance.step(PROMPTS, lengths, samples=4, seed=0)
    instance.skipped = 3
    saved = instance.tensors()
    assert saved["trainer.counters"].tolist() == [1, 3]
    assert saved["trainer.counters"].dtype is torch.int64
    assert saved["trainer.learning_rate"].tolist() == [1e-4]
    assert saved["trainer.learning_rate"].dtype is torch.float64
    assert "trainer.loss_scale" not in saved
    assert {
        name.rpartition(".")[0].removeprefix("optimizer.") for name in saved if name.startswith("optimizer.")
    } == set(instance.parameters)
    other = trainer(make_agent)
    other.load_tensors({**saved, "trainer.learning_rate": torch.tensor([5e-5], dtype=torch.float64)})
    assert (other.steps, other.skipped, other.learning_rate) == (1, 3, 5e-5)


@pytest.mark.parametrize("missing", ["trainer.counters", "trainer.learning_rate"])
def test_a_state_without_counters_or_rate_is_refused(make_agent, missing):
    instance = trainer(make_agent)
    saved = {name: value for name, value in instance.tensors().items() if name != missing}
    said = "no trainer state among the tensors: expected 'trainer.counters' and 'trainer.learning_rate'"
    with pytest.raises(RunError, match=f"^{re.escape(said)}$"):
        instance.load_tensors(saved)


def test_a_loss_scale_is_read_back(make_agent):
    one, other = trainer(make_agent, autocast="float16"), trainer(make_agent, autocast="float16")
    one.loss_scale.value = 32.0
    other.load_tensors(one.tensors())
    assert other.loss_scale.value == 32.0


def test_what_cannot_be_trained_is_refused_with_the_remedy(make_agent):
    agent = make_agent()
    with pytest.raises(ConfigError, match=re.escape("kl_weight = 0.5 needs a reference: pass reference=LLMAgent of")):
        GRPOTrainer(agent, GRPOConfig(kl_weight=0.5))
    assert GRPOTrainer(agent, GRPOConfig(kl_weight=0.5), reference=make_agent()).config.kl_weight == 0.5
    for parameter in agent.model.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(ConfigError, match=r"^the agent's model has no trainable parameters$"):
        GRPOTrainer(agent, GRPOConfig())
    elsewhere = make_agent()
    elsewhere.model.to("meta")
    with pytest.raises(
        ConfigError, match=r"^model\.embed_tokens\.weight lies outside the devices' memory, where a device"
    ):
        GRPOTrainer(elsewhere, GRPOConfig())
    halved = make_agent()
    halved.model.half()
    said = (
        "float16 weights cannot be trained, AdamW's steps are too small for them: load the model in float32 and set "
        "autocast='float16'"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(said)}$"):
        GRPOTrainer(halved, GRPOConfig())
