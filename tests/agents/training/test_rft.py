"""Supervised steps on own right completions: which they are, what a step does, and that it goes on exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from selfplay_gym.agents.training.objectives import CrossEntropy
from selfplay_gym.agents.training.rft import RejectionFineTuning, of_parts, solutions
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.agents.training.updates import Solved, StepBatch
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Labelled, Question
from selfplay_gym.core.registries import make_update
from selfplay_gym.core.seeding import integer_seed

PAIRS = [("What is 1+2?", "1+2=3"), ("What is 1+2?", "\\boxed{3}"), ("Solve 3x+4=19.", "x=5, so \\boxed{5}"), ("a", "")]


def trainer(make_agent, **settings):
    return GRPOTrainer(make_agent(), GRPOConfig(**{"learning_rate": 1e-2, "max_new_tokens": 12, **settings}))


def weights(instance):
    return {name: p.detach().clone() for name, p in instance.parameters.items()}


def gradients(instance, pairs):
    caught = {}
    instance.optimizer.step = lambda: caught.update({n: p.grad.clone() for n, p in instance.parameters.items()})
    return caught, instance.learn(pairs, CrossEntropy())


def ask(questions):
    return [question.text for question in questions]


def labelled(text, *attempts):
    """Attempts that end in "!" are right."""
    return Labelled(Question(text, "1"), attempts, tuple(attempt.endswith("!") for attempt in attempts))


class Offered:
    """Batches as a stage has them."""

    def __init__(self, solved=None, reward_fn=None, samples=4):
        self._solved, self.reward_fn, self.samples = solved, reward_fn, samples

    def at(self, step):
        return StepBatch(["What is 1+2?", "Compute 3."], self.reward_fn, self.samples, self.seed(step))

    def solved(self):
        return self._solved

    def seed(self, step):
        return integer_seed(7, step)


# --- the step ---


def test_the_loss_is_the_mean_cross_entropy_of_the_completions(make_agent):
    instance = trainer(make_agent, max_grad_norm=1e9)
    agent, expected, count = instance.agent, torch.zeros(()), 0
    for prompt, text in PAIRS:  # the plain way: one by one, through transformers
        head, tail = agent.prompt_ids(prompt), [*agent.text_ids(text), agent.tokenizer.eos_token_id]
        logits = agent.model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1]
        expected = expected + torch.nn.functional.cross_entropy(logits, torch.tensor(tail), reduction="sum")
        count += len(tail)
    (expected / count).backward()
    wanted = {name: p.grad.clone() for name, p in instance.parameters.items()}
    found, metrics = gradients(instance, PAIRS)
    assert metrics.loss == pytest.approx(float(expected.detach()) / count, rel=1e-5)
    assert (metrics.rows_trained, metrics.tokens_trained) == (4, count)
    scale = max(float(g.norm()) for g in wanted.values())
    assert all(float((found[name] - wanted[name]).norm()) < 1e-5 * scale for name in wanted)


def test_small_parts_give_the_same_gradient(make_agent):
    whole, one = gradients(trainer(make_agent), PAIRS)
    parts, other = gradients(trainer(make_agent, micro_batch_tokens=1), PAIRS)
    assert one.loss == pytest.approx(other.loss, rel=1e-5)
    scale = max(float(g.norm()) for g in whole.values())
    assert all(float((whole[name] - parts[name]).norm()) < 1e-5 * scale for name in whole)


def test_a_step_makes_what_is_learnt_likelier(make_agent):
    instance = trainer(make_agent)
    losses = [instance.learn(PAIRS, CrossEntropy()).loss for _ in range(12)]
    assert losses[-1] < 0.5 * losses[0]


def test_matrices_decay_as_the_objective_says_and_vectors_never(make_agent):
    moved = {}
    for decay in (0.0, 5.0):
        instance = trainer(make_agent)
        before = weights(instance)
        instance.learn(PAIRS, CrossEntropy(weight_decay=decay))
        moved[decay] = {name: p - before[name] for name, p in weights(instance).items()}
    for name, without in moved[0.0].items():
        assert torch.equal(without, moved[5.0][name]) is (without.dim() == 1), name


def test_a_step_of_grpo_after_it_decays_as_its_own_settings_say(make_agent):
    def ones(prompts, groups):
        return [[float(len(text)) for text in group] for group in groups]

    instance = trainer(make_agent)
    instance.learn(PAIRS, CrossEntropy(weight_decay=5.0))
    instance.step(["a", "b"], ones, samples=4, seed=0)
    assert [group["weight_decay"] for group in instance.optimizer.param_groups] == [0.0, 0.0]


def test_the_next_step_after_a_checkpoint_is_the_same(make_agent):
    one, other = trainer(make_agent), trainer(make_agent)
    one.learn(PAIRS, CrossEntropy())
    other.agent.model.load_state_dict(one.agent.model.state_dict())
    other.load_tensors(one.tensors())
    assert one.learn(PAIRS, CrossEntropy()) == other.learn(PAIRS, CrossEntropy())
    assert all(torch.equal(p, weights(other)[name]) for name, p in weights(one).items())


def test_restarting_forgets_the_running_means(make_agent):
    fresh, restarted = trainer(make_agent), trainer(make_agent)
    restarted.learn(PAIRS[:1], CrossEntropy())
    fresh.agent.model.load_state_dict(restarted.agent.model.state_dict())
    fresh.learn(PAIRS, CrossEntropy())
    restarted.learn(PAIRS, CrossEntropy(restarts=True))
    assert all(torch.equal(p, weights(restarted)[name]) for name, p in weights(fresh).items())


def test_a_loss_that_is_not_finite_reaches_no_weight(make_agent, monkeypatch):
    from selfplay_gym.agents.training import objectives

    monkeypatch.setattr(objectives, "cross_entropy", lambda logp, tokens: logp.sum() * float("nan"))
    instance = trainer(make_agent)
    before = weights(instance)
    metrics = instance.learn(PAIRS, CrossEntropy())
    assert (metrics.updates, metrics.skipped) == (0, 1)
    assert all(torch.equal(p, before[name]) for name, p in weights(instance).items())


def test_nothing_to_learn_is_refused(make_agent):
    with pytest.raises(ConfigError, match="at least one pair"):
        trainer(make_agent).learn([], CrossEntropy())


# --- what is learnt ---


def test_only_different_right_attempts_are_solutions_and_few_of_a_question():
    solved = Solved([], [], 0.0, "none", ask)
    found = solutions([labelled("q", "a!", "b", "a!", "c!", "d!"), labelled("r", "e")], solved, keep=2)
    assert [(one.prompt, one.text, one.rate) for one in found] == [("q", "a!", 0.8), ("q", "c!", 0.8)]


def test_the_most_common_solution_comes_first_where_it_is_preferred():
    solved = Solved([], [], 0.0, "none", ask)
    asked = [labelled("q", "a!", "c!", "c!", "b", "d!"), labelled("r", "e!", "f!", "g")]
    found = solutions(asked, solved, keep=1, prefer="common")
    assert [(one.text, one.rate) for one in found] == [("c!", 0.8), ("e!", 2 / 3)]
    assert [one.text for one in solutions(asked, solved, keep=2, prefer="common")] == ["c!", "a!", "e!", "f!"]
    composed = [replace(asked[0], solution="z!")]
    assert [one.text for one in solutions(composed, solved, keep=2, prefer="common")] == ["z!", "c!"]
    with pytest.raises(UnknownNameError, match="unknown prefer 'best'"):
        RejectionFineTuning(prefer="best")


def test_a_share_of_each_batch_is_replayed(make_agent):
    fresh = [labelled(f"new {n}", "1!") for n in range(20)]
    old = [labelled(f"old {n}", "2!") for n in range(20)]
    seen = []

    class Listening(GRPOTrainer):
        def learn(self, pairs, objective):
            seen.append(pairs)
            return super().learn(pairs, objective)

    instance = Listening(make_agent(), GRPOConfig())
    take = RejectionFineTuning(batch=8).begin(instance, Offered(Solved(fresh, old, 0.25, "none", ask)))
    measures = [take(step) for step in range(2)]
    assert [sum(prompt.startswith("old") for prompt, _ in pairs) for pairs in seen] == [2, 2]
    assert [len(pairs) for pairs in seen] == [8, 8]
    assert seen[0] != seen[1]
    assert all(row["replayed_share"] == 0.25 and row["distinct_questions"] == 8 for row in measures)
    assert not {"kl", "entropy", "mean_reward", "clip_share", "ratio_max"} & set(measures[0])
    take(0)
    assert seen[2] == seen[0]  # a step that is taken again, as after a kill, is the same


@pytest.mark.parametrize(
    ("epochs", "share", "steps"), [(None, 0.0, 9), (2.0, 0.0, 5), (2.0, 0.25, 7), (0.4, 0.25, 2), (0.01, 0.0, 1)]
)
def test_no_solution_is_learnt_too_often(make_agent, epochs, share, steps):
    new = [labelled(f"new {n}", "1!") for n in range(20)]
    old = [labelled(f"old {n}", "2!") for n in range(20)]
    update = RejectionFineTuning(batch=8, epochs=epochs)
    take = update.begin(trainer(make_agent), Offered(Solved(new, old, share, "none", ask)))
    taken = [take(step) for step in range(9)]
    assert [one is not None for one in taken] == [True] * steps + [False] * (9 - steps)


def test_without_solutions_nothing_moves(make_agent):
    instance = trainer(make_agent)
    before = weights(instance)
    measures = RejectionFineTuning().begin(instance, Offered(Solved([labelled("q", "no")], [], 0.5, "level", ask)))(0)
    assert (measures["rows_trained"], measures["updates"], measures["distinct_questions"]) == (0, 0, 0)
    assert all(torch.equal(p, before[name]) for name, p in weights(instance).items())


@pytest.mark.parametrize(("quantile", "least"), [(None, 2.5), (0.25, 1.0)])
def test_who_has_solved_nothing_plays_and_learns_what_earned_more(make_agent, quantile, least):
    learnt = []

    class Listening(GRPOTrainer):
        def play(self, prompts, reward_fn, **options):
            drawn = super().play(prompts, reward_fn, **options)
            samples = replace(drawn.samples, finished=torch.tensor([True] * 3 + [False] + [True] * 4))
            return replace(drawn, samples=replace(samples, texts=[["a", "b", "a", "c"], ["d", "e", "f", "g"]]))

        def learn(self, pairs, objective):
            learnt.extend(pairs)
            return super().learn(pairs, objective)

    instance = Listening(make_agent(), GRPOConfig(max_new_tokens=4))
    rewards = [[2.0, 0.0, 2.0, 9.0], [1.0, 1.0, 3.0, 2.0]]
    take = RejectionFineTuning(quantile=quantile).begin(instance, Offered(None, lambda prompts, groups: rewards))
    measures = take(0)
    texts = dict(zip("abacdefg", [*rewards[0], *rewards[1]], strict=True))
    wanted = {text for text, reward in texts.items() if reward > least and text != "c"}
    assert {text for _, text in learnt} == wanted
    assert measures["mean_reward"] == 2.5
    assert measures["groups_drawn"] == 2


def test_a_solution_put_together_is_learnt_first_also_where_no_attempt_is_right():
    solved, unsolved, same = labelled("a", "1!", "2!", "no"), labelled("b", "no"), labelled("c", "1!", "joined")
    found = solutions(
        [replace(one, solution="joined") for one in (solved, unsolved)], Solved([], [], 0.0, "none", ask), 2
    )
    assert [(one.prompt, one.text, one.rate) for one in found] == [
        ("a", "joined", 2 / 3),
        ("a", "1!", 2 / 3),
        ("b", "joined", 0.0),
    ]
    found = solutions([replace(same, solution="1!")], Solved([], [], 0.0, "none", ask), 3)
    assert [one.text for one in found] == ["1!"]


def test_the_parts_of_what_was_solved_so_are_replayed(make_agent):
    fresh = [replace(labelled(f"new {n}", "1!"), parts=(("1+1", f"2 {n}"), (f"{n}+1", "3"))) for n in range(4)]
    old = [replace(labelled("old", "2!"), parts=(("9+9", "18"),))]
    asked = Solved(fresh, old, 0.5, "none", ask)
    found = of_parts([*fresh, *old], asked)
    assert sorted(one.prompt for one in found) == ["0+1", "1+1", "2+1", "3+1", "9+9"]  # each once
    assert all(one.rate == 1.0 for one in found)
    seen = []

    class Listening(GRPOTrainer):
        def learn(self, pairs, objective):
            seen.extend(prompt for prompt, _ in pairs)
            return super().learn(pairs, objective)

    take = RejectionFineTuning(batch=8).begin(Listening(make_agent(), GRPOConfig()), Offered(asked))
    for step in range(6):
        take(step)
    assert {"1+1", "9+9", "old"} <= set(seen)


@pytest.mark.parametrize(
    "options",
    [
        "batch=0",
        "steps=0",
        "steps=1.5",
        "keep=0",
        "learning_rate=0",
        "learning_rate=2",
        "weight_decay=-1",
        "weight_decay=1e9",
        "quantile=1",
        "epochs=0",
        "warmup=-1",
        "final_share=0",
        "restart=maybe",
        "learning_rate=fast",
    ],
)
def test_options_that_cannot_work_are_refused(options):
    with pytest.raises(ConfigError):
        make_update(f"rft({options})")


def test_an_unknown_balance_or_update_is_named():
    with pytest.raises(UnknownNameError, match="length"):
        make_update("rft(balance=lenght)")
    with pytest.raises(UnknownNameError, match="rft"):
        make_update("rtf")


def test_the_learning_rate_climbs_and_falls_in_every_round():
    update = make_update("rft(learning_rate=1e-3, warmup=2, final_share=0.1)")
    rates = [update.rate(5.0, step, 10) for step in range(10)]
    assert rates[:3] == [5e-4, 1e-3, 1e-3]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 1e-4 < rates[-1] < 2e-4
    assert {make_update("grpo").rate(1e-4, step, 10) for step in range(10)} == {1e-4}
    assert make_update("grpo(warmup=4)").rate(1e-4, 0, 10) == 2.5e-5
