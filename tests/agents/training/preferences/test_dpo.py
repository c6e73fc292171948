"""DPO's loss and gradients equal TRL's; a step learns what is preferred; and the update goes on exactly."""

from __future__ import annotations

import math
import types
from collections import defaultdict

import pytest
import torch

from selfplay_gym.agents.training.preferences.dpo import DirectPreferenceOptimisation, own_pairs
from selfplay_gym.agents.training.preferences.loss import gaps_of_rows, preference_losses
from selfplay_gym.agents.training.preferences.objective import (
    DirectPreference,
    Preference,
    gaps_of,
    rows_of_preferences,
)
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.agents.training.updates import Solved, StepBatch
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Labelled, Question
from selfplay_gym.core.registries import make_update
from selfplay_gym.core.seeding import integer_seed
from selfplay_gym.testing import check_update

PAIRS = [
    Preference("What is 1+2?", "1+2=3, so \\boxed{3}", "\\boxed{4}"),
    Preference("What is 1+2?", "\\boxed{3}", "1+2=5 and that is all there is to say"),
    Preference("Solve 3x+4=19.", "x=5", ""),
    Preference("?", "yes", "no"),
    Preference("ä ∑ 9", "7", "7 7 7 7 7 7 7 7 7 7 7 7"),
]


class Alone:
    """The accelerator of a single process."""

    device = torch.device("cpu")

    def gather(self, value):
        return value

    gather_for_metrics = gather

    def unwrap_model(self, model):
        return model


def trl_loss(model, ref_model, inputs, *, loss="sigmoid", beta=0.1):
    """TRL's `_compute_loss`: the trainer is built bare."""
    trainer_type = pytest.importorskip("trl.trainer.dpo_trainer").DPOTrainer
    trainer = trainer_type.__new__(trainer_type)
    known = {
        "model": types.SimpleNamespace(training=True),
        "args": types.SimpleNamespace(gradient_checkpointing_kwargs=None),
        "accelerator": Alone(),
        "aux_loss_enabled": False,
        "ld_alpha": None,
        "precompute_ref_logps": "ref_chosen_logps" in inputs,
        "f_divergence_type": "reverse_kl",
        "loss_types": [loss],
        "loss_weights": [1.0],
        "beta": beta,
        "label_smoothing": 0.0,
        "use_weighting": False,
        "ref_model": ref_model,
        "_metrics": {"train": defaultdict(list)},
        "_total_train_tokens": 0,
        "_tp_size": 1,
    }
    for name, value in known.items():
        setattr(trainer, name, value)
    if ref_model is not None:
        trainer.model = model.train(False)
        trainer._metrics = {"eval": defaultdict(list)}
    return trainer._compute_loss(model, inputs, False)


def on_given_numbers(logps, ref, mask, **settings):
    """TRL's loss on log-probabilities of rows that lie chosen first, then rejected."""
    zeros = torch.zeros_like(logps)
    outputs = types.SimpleNamespace(log_probs=logps, entropy=zeros, mean_logits=zeros, is_top1=zeros.bool())
    padded = torch.nn.functional.pad(mask, (1, 0))
    sums = (ref * mask).sum(1).chunk(2)
    inputs = {
        "input_ids": padded.long(),
        "attention_mask": padded.long(),
        "completion_mask": padded.long(),
        "ref_chosen_logps": sums[0],
        "ref_rejected_logps": sums[1],
    }
    return trl_loss(lambda **_: outputs, None, inputs, **settings)


def random_pairs(seed, pairs=6, width=11):
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, width + 1, (2 * pairs,), generator=generator)
    mask = (torch.arange(width) < lengths[:, None]).double()
    logps = -torch.randn(2 * pairs, width, generator=generator, dtype=torch.float64).abs() * 3
    ref = logps + torch.randn(2 * pairs, width, generator=generator, dtype=torch.float64)
    return (logps * mask).requires_grad_(), ref * mask, mask


def interleaved(rows):
    """Rows that lie chosen first, then rejected, as pair after pair."""
    return torch.stack(rows.chunk(2), 1).flatten(0, 1)


def part_of(mask):
    part = types.SimpleNamespace(mask=mask, sampled_as=torch.arange(len(mask)), rows_total=len(mask))
    return type("Part", (), {"__len__": lambda self: len(mask), **vars(part)})()


# --- TRL ---


@pytest.mark.parametrize("loss", ["sigmoid", "ipo"])
@pytest.mark.parametrize(("seed", "beta"), [(0, 0.1), (1, 0.01), (2, 5.0)])
def test_loss_and_gradient_equal_trl_on_random_log_probabilities(loss, seed, beta):
    logps, ref, mask = random_pairs(seed)
    theirs = on_given_numbers(logps, ref, mask, loss=loss, beta=beta)
    (their_gradient,) = torch.autograd.grad(theirs, logps)
    objective = DirectPreference(beta, loss)
    ours, _ = objective.loss(interleaved(logps), logps, part_of(interleaved(mask)), interleaved(ref))
    (gradient,) = torch.autograd.grad(ours, logps)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-6)
    inside = their_gradient * mask  # at padding a model's log-probabilities are constants
    assert torch.allclose(gradient, inside, rtol=0, atol=1e-6)
    assert gradient.abs().max() > 1e-4


def test_smoothing_is_the_mixture_of_trls_loss_with_that_of_the_swapped_pairs():
    logps, ref, mask = random_pairs(3)

    def swapped(rows):
        return torch.cat(rows.chunk(2)[::-1])

    theirs = on_given_numbers(logps, ref, mask), on_given_numbers(*map(swapped, (logps, ref, mask)))
    objective = DirectPreference(0.1, label_smoothing=0.2)
    ours, _ = objective.loss(interleaved(logps), logps, part_of(interleaved(mask)), interleaved(ref))
    assert ours.item() == pytest.approx(0.8 * theirs[0].item() + 0.2 * theirs[1].item(), abs=1e-6)


@pytest.mark.parametrize("loss", ["sigmoid", "ipo"])
def test_a_whole_step_on_a_model_has_trls_loss_and_gradient(make_agent, make_model, loss):
    utils = pytest.importorskip("trl.trainer.utils")
    agent, reference = make_agent(seed=0), make_agent(seed=1)
    instance = GRPOTrainer(agent, GRPOConfig(max_grad_norm=1e9, micro_batch_tokens=40), reference=reference)
    gradient = {}
    instance.optimizer.step = lambda: gradient.update({n: p.grad.clone() for n, p in instance.parameters.items()})
    measured = instance.learn(rows_of_preferences(PAIRS), DirectPreference(0.3, loss))

    rows = [(one.prompt, text) for texts in ("chosen", "rejected") for one in PAIRS for text in [getattr(one, texts)]]
    heads = [agent.prompt_ids(prompt) for prompt, _ in rows]
    tails = [[*agent.text_ids(text), agent.tokenizer.eos_token_id] for _, text in rows]
    width = max(len(head) + len(tail) for head, tail in zip(heads, tails, strict=True))

    def padded(values):
        return torch.tensor([[*row, *[0] * (width - len(row))] for row in values])

    inputs = {
        "input_ids": padded([head + tail for head, tail in zip(heads, tails, strict=True)]),
        "attention_mask": padded([[1] * (len(head) + len(tail)) for head, tail in zip(heads, tails, strict=True)]),
        "completion_mask": padded([[0] * len(h) + [1] * len(t) for h, t in zip(heads, tails, strict=True)]),
    }
    model, ref_model = make_model(seed=0), make_model(seed=1)
    for one in (model, ref_model):
        utils.add_fused_lm_head(one, outputs=("log_probs", "entropy", "mean_logits", "is_top1"))
    theirs = trl_loss(model, ref_model, inputs, loss=loss, beta=0.3)
    theirs.backward()
    assert measured.loss == pytest.approx(float(theirs), abs=1e-6, rel=1e-6)
    assert gradient.keys() == dict(model.named_parameters()).keys()
    for name, parameter in model.named_parameters():
        assert torch.allclose(gradient[name], parameter.grad, rtol=1e-5, atol=1e-6), name


# --- the loss ---


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_without_a_gap_the_loss_is_log_2_and_smoothing_bounds_where_it_is_least(beta):
    assert float(preference_losses(torch.zeros(1), beta=beta)) == pytest.approx(math.log(2))
    gaps = torch.linspace(-60, 60, 24001)
    least = gaps[preference_losses(gaps, beta=beta, label_smoothing=0.1).argmin()]
    assert float(torch.sigmoid(beta * least)) == pytest.approx(0.9, abs=0.01)


def test_gaps_follow_the_pairs_in_whatever_order_rows_lie():
    pair, preferred = torch.tensor([5, 2, 2, 5]), torch.tensor([False, True, False, True])
    assert gaps_of_rows(torch.tensor([1.0, 2.0, 5.0, 9.0]), pair, preferred).tolist() == [-3.0, 8.0]


def test_no_pair_is_cut_however_little_fits_and_what_is_cut_changes_nothing(make_agent):
    seen = {}
    for budget in (1, 60, 10_000):
        instance = GRPOTrainer(make_agent(), GRPOConfig(micro_batch_tokens=budget), reference=make_agent(seed=1))
        step = instance.learn(rows_of_preferences(PAIRS), DirectPreference())
        seen[budget] = (step.loss, step.margin, step.preferred_share, step.grad_norm)
    assert seen[1] == pytest.approx(seen[10_000], rel=1e-5)
    assert seen[60] == pytest.approx(seen[10_000], rel=1e-5)


# --- the update ---


class Offered:
    """Batches as a stage has them."""

    def __init__(self, pairs=None, solved=None, reward_fn=None):
        self._pairs, self._solved, self.reward_fn = pairs, solved, reward_fn

    def at(self, step):
        return StepBatch(["What is 1+2?", "Compute 3."], self.reward_fn, 4, self.seed(step))

    def solved(self):
        return self._solved

    def preferences(self):
        return self._pairs

    def seed(self, step):
        return integer_seed(7, step)


def trainer(make_agent, **settings):
    config = GRPOConfig(**{"learning_rate": 3e-3, "max_new_tokens": 12, **settings})
    return GRPOTrainer(make_agent(), config, reference=make_agent())


def test_what_is_preferred_becomes_likelier_than_what_is_not(make_agent):
    instance, update = trainer(make_agent), make_update("dpo(beta=0.5)")
    take = update.begin(instance, Offered(PAIRS))
    first = take(0)
    assert (first["loss"], first["margin"]) == pytest.approx((math.log(2), 0.0), abs=1e-5)
    assert first["pairs"] == len(PAIRS)
    steps = [take(step) for step in range(1, 12)]
    assert steps[-1]["preferred_share"] == 1.0
    assert steps[-1]["margin"] > 0.5
    assert (gaps_of(instance, PAIRS, update.objective) > 1.0).all()
    assert not {"kl", "entropy", "ratio_max", "mean_reward"} & set(first)


def test_gaps_are_those_of_the_step_in_the_order_of_the_pairs(make_agent):
    instance = GRPOTrainer(make_agent(), GRPOConfig(micro_batch_tokens=50), reference=make_agent(seed=1))
    together = gaps_of(instance, PAIRS, DirectPreference())
    one_by_one = [float(gaps_of(instance, [pair], DirectPreference())[0]) for pair in PAIRS]
    assert together.tolist() == pytest.approx(one_by_one, rel=1e-4)
    swapped = [Preference(pair.prompt, pair.rejected, pair.chosen) for pair in PAIRS]
    assert gaps_of(instance, swapped, DirectPreference()).tolist() == pytest.approx((-together).tolist(), rel=1e-4)
    assert gaps_of(instance, [], DirectPreference()).tolist() == []


def test_a_stage_goes_on_from_saved_tensors_to_the_same_bits(make_agent):
    whole, update = trainer(make_agent), DirectPreferenceOptimisation(batch=2, warmup=2)
    take = update.begin(whole, Offered(PAIRS))
    for step in range(2):
        take(step)
    half = trainer(make_agent)
    with torch.no_grad():
        for name, parameter in half.parameters.items():
            parameter.copy_(whole.parameters[name])
    half.load_tensors(whole.tensors())
    assert take(2) == update.begin(half, Offered(PAIRS))(2)
    assert all(torch.equal(p, half.parameters[n]) for n, p in whole.parameters.items())


def test_whoever_answers_prefers_its_right_attempts_and_a_challenger_what_earned_most(make_agent):
    labelled = [
        Labelled(Question("1", "1"), ("a", "b", "c"), (False, True, True)),
        Labelled(Question("2", "1"), ("a", "b"), (True, True)),
        Labelled(Question("3", "1"), (), ()),
    ]
    solved = Solved(labelled, [], 0.0, "none", lambda questions: [f"{question.text}?" for question in questions])
    assert own_pairs(solved) == [Preference("1?", "b", "a")]
    assert DirectPreferenceOptimisation().begin(trainer(make_agent), Offered(solved=solved))(0)["pairs"] == 1

    def by_place(prompts, groups):
        return [[0.0, 1.0, 0.5, 0.0] if i else [1.0] * 4 for i, _ in enumerate(groups)]

    step = DirectPreferenceOptimisation().begin(trainer(make_agent), Offered(reward_fn=by_place))(0)
    assert (step["pairs"], step["zero_variance_share"], step["updates"]) == (1, 0.5, 1)


def test_nothing_to_prefer_ends_the_stage(make_agent):
    assert DirectPreferenceOptimisation().begin(trainer(make_agent), Offered([]))(0) is None


def test_a_reference_is_needed(make_agent):
    alone = GRPOTrainer(make_agent(), GRPOConfig())
    with pytest.raises(ConfigError, match=r"set grpo\.kl_weight above 0"):
        DirectPreferenceOptimisation().begin(alone, Offered(PAIRS))
    with pytest.raises(ConfigError, match="needs a reference"):
        alone.learn(rows_of_preferences(PAIRS), DirectPreference())


def test_with_adapters_the_model_without_them_is_the_reference(make_agent):
    peft = pytest.importorskip("peft")
    agent = make_agent()
    agent.model = peft.get_peft_model(
        agent.model, peft.LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    )
    bare = GRPOTrainer(type(agent)(agent.model, agent.tokenizer, agent.settings), GRPOConfig())
    gaps = gaps_of(bare, PAIRS, DirectPreference())
    assert gaps.abs().max() > 1e-3
    with bare.agent.model.disable_adapter():
        assert gaps_of(bare, PAIRS, DirectPreference()).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ("beta=0", ConfigError, "beta must be above 0"),
        ("beta=true", ConfigError, "beta"),
        ("label_smoothing=0.5", ConfigError, r"in \[0, 0.5\)"),
        ("label_smoothing=-0.1", ConfigError, "label_smoothing"),
        ("loss=ipo, label_smoothing=0.1", ConfigError, "bounded without it"),
        ("loss=hinge", UnknownNameError, "sigmoid"),
        ("batch=0", ConfigError, "batch"),
        ("learning_rate=2", ConfigError, "learning_rate"),
    ],
)
def test_options_that_cannot_work_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        make_update(f"dpo({options})")


def test_it_is_an_update():
    assert check_update(make_update("dpo(steps=3, warmup=1, final_share=0.1)"))
