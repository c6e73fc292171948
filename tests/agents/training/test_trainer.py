"""The trainer learns, resumes exactly, and its savings change no gradient."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from selfplay_gym.agents.grpo import grpo_loss
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.training.batch import micro_batches, rows_that_teach
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError, RunError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "What is 1+2?", "and a longer one, to pad the others"]


def count_ones(prompts, groups):
    return [[float(text.count("1") + text.count("a")) for text in group] for group in groups]


def first_group_only(prompts, groups):
    """Every other group is without variance."""
    return [[float(i == 0) * len(text) for text in group] for i, group in enumerate(groups)]


def weights(agent):
    return [p.detach().clone() for p in agent.model.parameters()]


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def trainer(make_agent, *, packed=True, reference=None, seed=0, **settings):
    agent = make_agent(seed=seed)
    if not packed:
        agent.decoder = None
    return GRPOTrainer(agent, GRPOConfig(**{"max_new_tokens": 24, **settings}), reference=reference)


def gradients(instance, reward_fn, seed=0):
    """What one step hands to the optimiser, captured instead of applied."""
    caught = {}

    def capture():
        caught.update({name: p.grad.clone() for name, p in instance.parameters.items()})

    instance.optimizer.step = capture
    metrics = instance.step(PROMPTS, reward_fn, samples=4, seed=seed)
    return caught, metrics


def assert_close(one, other, tolerance=1e-5):
    scale = max(float(g.norm()) for g in other.values())
    for name, gradient in one.items():
        assert float((gradient - other[name]).norm()) <= tolerance * scale, name


@pytest.mark.parametrize("epochs", [1, 3])
def test_trained_tokens_are_counted_in_every_epoch(make_agent, epochs):
    instance = trainer(make_agent, epochs=epochs)
    metrics = instance.step(PROMPTS, first_group_only, samples=4, seed=0)
    assert metrics.rows_trained == 4
    assert instance.agent.counted.trained == epochs * metrics.tokens_trained > 0
    assert instance.agent.counted.sampled > metrics.tokens_trained  # groups that teach nothing were sampled, too
    instance.step(PROMPTS, lambda prompts, groups: [[0.0] * 4] * 4, samples=4, seed=0)
    assert instance.agent.counted.trained == epochs * metrics.tokens_trained


def test_it_learns_what_is_rewarded(make_agent):
    instance = trainer(make_agent, learning_rate=1e-2)
    seen = [instance.step(PROMPTS, count_ones, samples=8, seed=i).mean_reward for i in range(14)]
    assert sum(seen[-3:]) > 3 * sum(seen[:3])


def test_equal_seeds_give_equal_weights(make_agent):
    one, other = trainer(make_agent), trainer(make_agent)
    for step in range(3):
        mine = one.step(PROMPTS, count_ones, samples=4, seed=step)
        assert mine == other.step(PROMPTS, count_ones, samples=4, seed=step)
    assert same(weights(one.agent), weights(other.agent))


@pytest.mark.parametrize("epochs", [1, 2])
def test_resume_is_bit_identical(make_agent, tmp_path, epochs):
    straight = trainer(make_agent, epochs=epochs, weight_decay=0.1)
    for step in range(2):
        straight.step(PROMPTS, count_ones, samples=4, seed=step)
    straight.learning_rate = 5e-5
    straight.agent.save_pretrained(tmp_path / "model")
    save_file(straight.tensors(), tmp_path / "trainer.safetensors")

    loaded = LLMAgent.from_pretrained(tmp_path / "model", max_new_tokens=24)
    resumed = GRPOTrainer(loaded, straight.config)
    resumed.load_tensors(load_file(tmp_path / "trainer.safetensors"))
    for step in range(2, 4):
        expected = straight.step(PROMPTS, count_ones, samples=4, seed=step)
        assert resumed.step(PROMPTS, count_ones, samples=4, seed=step) == expected
    assert same(weights(straight.agent), weights(resumed.agent))
    assert resumed.steps == 4
    assert all(torch.equal(value, resumed.tensors()[name]) for name, value in straight.tensors().items())


def test_state_of_another_model_is_refused(make_agent):
    one = trainer(make_agent)
    one.step(PROMPTS, count_ones, samples=4, seed=0)
    other = GRPOTrainer(make_agent(hidden_size=32), GRPOConfig())
    with pytest.raises(RunError, match="does not fit this model"):
        other.load_tensors(one.tensors())
    with pytest.raises(RunError, match="no trainer state"):
        one.load_tensors({})


@pytest.mark.parametrize("loss_type", ["grpo", "dapo", "dr_grpo", "gspo"])
@pytest.mark.parametrize("variant", [{"micro_batch_tokens": 1}, {"micro_batch_tokens": 70}, {"packed": False}])
def test_cutting_and_sharing_change_no_gradient(make_agent, loss_type, variant):
    expected, _ = gradients(trainer(make_agent, loss_type=loss_type), count_ones)
    found, _ = gradients(trainer(make_agent, loss_type=loss_type, **variant), count_ones)
    assert_close(found, expected)


def test_gradient_checkpointing_changes_no_gradient(make_agent):
    expected, _ = gradients(trainer(make_agent), count_ones)
    found, _ = gradients(trainer(make_agent, gradient_checkpointing=True), count_ones)
    assert_close(found, expected)


@pytest.mark.parametrize("kind", ["gpt_neox", "qwen3"])
def test_gradient_checkpointing_works_through_transformers_too(make_agent, kind):
    found = []
    for checkpointing in (False, True):
        agent = make_agent(kind)
        agent.decoder = None
        calls = []
        layers = next(module for module in agent.model.modules() if isinstance(module, torch.nn.ModuleList))
        layers[0].register_forward_hook(lambda *_: calls.append("hook"))  # noqa: B023 - called in this turn only
        inner = next(layers[0].children())
        inner.register_forward_hook(lambda *_: calls.append("inner"))  # noqa: B023
        instance = GRPOTrainer(agent, GRPOConfig(max_new_tokens=12, gradient_checkpointing=checkpointing))
        calls.clear()
        gradient, _ = gradients(instance, count_ones)
        found.append((gradient, calls.count("inner") - calls.count("hook")))
        assert "forward" not in vars(layers[0])
    (plain, once), (recomputed, twice) = found
    assert (once, twice) == (0, 1)
    assert_close(recomputed, plain)


def test_gradient_is_that_of_the_whole_padded_batch(make_agent):
    """Groups without variance left out, prompts shared, rows regrouped: the same as none of it."""
    instance = trainer(make_agent, max_grad_norm=1e9)
    found, metrics = gradients(instance, first_group_only)
    assert metrics.zero_variance_share == 0.75
    assert metrics.rows_trained == 4

    agent = instance.agent
    samples = agent.sample(PROMPTS, n=4, seed=0)
    rewards = torch.tensor(first_group_only(PROMPTS, samples.texts))
    advantages = (rewards - rewards.mean(1, keepdim=True)) / (rewards.std(1, keepdim=True) + 1e-4)
    agent.model.zero_grad()
    rows = []
    for row, length in enumerate(samples.lengths.tolist()):
        prompt = samples.prompt_ids[row // 4]
        logits = agent.model(torch.tensor([prompt + samples.tokens[row, :length].tolist()])).logits[0]
        logps = torch.log_softmax(logits[len(prompt) - 1 : -1], -1)
        rows.append(logps.gather(1, samples.tokens[row, :length, None])[:, 0])
    logp = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    grpo_loss(logp, None, advantages.flatten(), samples.mask)[0].backward()
    assert_close(found, {name: p.grad for name, p in instance.parameters.items()})


def test_products_of_moved_weights_are_not_reused(make_agent):
    """A reward function that trains on the side: the update is computed with the weights as they are now."""

    def moving(instance):
        def reward_fn(prompts, groups):
            with torch.no_grad():
                for parameter in instance.agent.model.parameters():
                    parameter.mul_(1.1)
            return count_ones(prompts, groups)

        return reward_fn

    one = trainer(make_agent)
    found, _ = gradients(one, moving(one))
    other = trainer(make_agent, gradient_checkpointing=True)  # never reuses anything
    expected, _ = gradients(other, moving(other))
    assert_close(found, expected)


def test_activations_too_large_are_given_up(make_agent, monkeypatch):
    expected, _ = gradients(trainer(make_agent), count_ones)
    monkeypatch.setattr("selfplay_gym.agents.inference.activation_reuse.ACTIVATION_BYTES", 10_000)
    found, _ = gradients(trainer(make_agent), count_ones)
    assert_close(found, expected)


def test_no_group_with_variance_means_no_update(make_agent):
    instance = trainer(make_agent)
    before = weights(instance.agent)
    metrics = instance.step(PROMPTS, lambda p, groups: [[1.0] * len(g) for g in groups], samples=4, seed=0)
    assert (metrics.zero_variance_share, metrics.updates, metrics.rows_trained) == (1.0, 0, 0)
    assert metrics.mean_reward == 1.0
    assert same(before, weights(instance.agent))


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(make_agent, monkeypatch):
    instance = trainer(make_agent)
    before = weights(instance.agent)

    def poisoned(*arguments, **options):
        loss, diagnostics = grpo_loss(*arguments, **options)
        return loss * float("nan"), diagnostics

    with monkeypatch.context() as patch:
        patch.setattr("selfplay_gym.agents.training.objectives.grpo_loss", poisoned)
        metrics = instance.step(PROMPTS, count_ones, samples=4, seed=0)
    assert (metrics.skipped, metrics.updates, instance.skipped) == (1, 0, 1)
    assert same(before, weights(instance.agent))
    assert instance.step(PROMPTS, count_ones, samples=4, seed=0).updates == 1


@pytest.mark.parametrize(
    ("reward_fn", "message"),
    [
        (lambda p, g: [[0.0] * 4] * 3, "4 lists of 4 numbers"),
        (lambda p, g: [[0.0] * 3] * 4, "4 lists of 4 numbers"),
        (lambda p, g: [[0.0] * 4] * 3 + [[0.0, float("nan"), 0.0, 0.0]], "gave nan for prompt 3, sample 1"),
        (lambda p, g: [[float("inf"), 0.0, 0.0, 0.0]] * 4, "gave inf for prompt 0, sample 0"),
    ],
)
def test_wrong_rewards_are_named_and_change_nothing(make_agent, reward_fn, message):
    instance = trainer(make_agent)
    before = weights(instance.agent)
    with pytest.raises(ConfigError, match=message):
        instance.step(PROMPTS, reward_fn, samples=4, seed=0)
    assert same(before, weights(instance.agent))


def test_kl_holds_the_policy_near_its_reference(make_agent):
    def drift(kl_weight):
        instance = trainer(make_agent, reference=make_agent(), kl_weight=kl_weight, learning_rate=1e-2)
        return [instance.step(PROMPTS, count_ones, samples=4, seed=i).kl for i in range(5)]

    held, free = drift(1.0), drift(1e-9)  # with a vanishing weight the divergence is only measured
    assert held[0] == pytest.approx(0.0, abs=1e-6)
    assert held[-1] < 0.5 * free[-1]


def test_kl_without_reference_is_refused(make_agent):
    with pytest.raises(ConfigError, match="needs a reference"):
        trainer(make_agent, kl_weight=0.1)


def test_adapters_train_alone_and_their_base_is_the_reference(make_agent):
    peft = pytest.importorskip("peft")
    agent = make_agent()
    model = peft.get_peft_model(agent.model, peft.LoraConfig(r=4, target_modules=["q_proj", "up_proj"]))
    base = {n: p.detach().clone() for n, p in model.named_parameters() if "lora" not in n}
    config = GRPOConfig(max_new_tokens=24, kl_weight=0.05, learning_rate=1e-2)
    instance = GRPOTrainer(LLMAgent(model, agent.tokenizer), config)
    seen = [instance.step(PROMPTS, count_ones, samples=4, seed=i) for i in range(3)]
    assert seen[0].kl == pytest.approx(0.0, abs=1e-6)
    assert seen[-1].kl > 0
    assert all("lora" in name for name in instance.parameters)
    assert all(torch.equal(p, base[n]) for n, p in model.named_parameters() if n in base)


def test_truncated_completions_can_be_left_out(make_agent):
    kept = trainer(make_agent).step(PROMPTS, count_ones, samples=8, seed=0)
    masked = trainer(make_agent, mask_truncated=True).step(PROMPTS, count_ones, samples=8, seed=0)
    assert 0 < kept.truncated_share < 1
    assert masked.rows_trained == round(kept.rows_trained * (1 - kept.truncated_share))


def test_second_epoch_sees_a_ratio(make_agent):
    once = trainer(make_agent, learning_rate=1e-2).step(PROMPTS, count_ones, samples=8, seed=0)
    twice = trainer(make_agent, learning_rate=1e-2, epochs=2).step(PROMPTS, count_ones, samples=8, seed=0)
    assert (once.updates, twice.updates) == (1, 2)
    assert once.ratio_max == 1.0
    assert twice.ratio_max > 1.01
    assert twice.clip_share > 0


def test_autocast_trains(make_agent):
    expected, _ = gradients(trainer(make_agent), count_ones)
    found, _ = gradients(trainer(make_agent, autocast="bfloat16"), count_ones)
    assert all(g.dtype is torch.float32 for g in found.values())
    assert_close(found, expected, tolerance=0.1)


def test_micro_batches_keep_the_budget_and_every_row(make_agent):
    instance = trainer(make_agent)
    samples = instance.agent.sample(PROMPTS, n=8, seed=0)
    batch = rows_that_teach(samples, torch.rand(4, 8, dtype=torch.float64), instance.config, torch.device("cpu"))
    parts = micro_batches(batch, 200)
    assert sorted(int(r) for rows in parts for r in rows) == list(range(32))
    assert len(parts) > 3
    for rows in parts:
        part = batch.part(rows)
        assert int(part.lengths.sum()) + sum(len(p) for p in part.prompts) <= 200


def test_settings_are_checked_and_explained():
    with pytest.raises(ConfigError, match="allow_top_p"):
        GRPOConfig(top_p=0.9)
    assert GRPOConfig(top_p=0.9, allow_top_p=True).top_p == 0.9
    with pytest.raises(ConfigError, match="learning_rate must be positive"):
        GRPOConfig(learning_rate=0)
