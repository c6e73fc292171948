"""TRL's trainer is handed our questions and rewards what our verifiers say."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import pytest

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.core.errors import ConfigError, MissingExtraError, UnknownNameError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import make_agent, make_verifier
from selfplay_gym.interop.trl import challenger_reward, dataset, reward_function

pytest.importorskip("datasets")


def columns_of(rows):
    return {name: [row[name] for row in rows] for name in rows[0] if name != "prompt"}


def turns(text):
    return [{"role": "assistant", "content": text}]


def attempts_at(rows, skill):
    """One attempt per row by a solver of known skill; the right answer is the reference."""
    agent = make_agent({"name": "noisy", "skill": skill})
    return [group[0] for group in agent.act([row["question"] for row in rows], n=1, seed=3)]


def test_equal_arguments_give_equal_datasets_and_the_splits_share_nothing():
    train = dataset(size=40, seed=5)
    held_out = dataset(size=40, seed=5, split="held_out")
    assert train.to_list() == dataset(size=40, seed=5).to_list() != dataset(size=40, seed=6).to_list()
    assert len({key(text) for text in train["question"]}) == 40
    assert not any(is_held_out(key(text)) for text in train["question"])
    assert all(is_held_out(key(text)) for text in held_out["question"])


def test_prompts_are_conversations_or_text_with_the_words_of_the_template():
    chat = dataset(size=2, template="r-zero", system="Be brief.")
    plain = dataset(size=2, template="r-zero", chat=False)
    assert [turn["role"] for turn in chat[0]["prompt"]] == ["system", "user"]
    assert chat[0]["prompt"][-1]["content"] == plain[0]["prompt"] != plain[0]["question"]


def test_levels_are_taken_in_turn():
    assert dataset(size=6, levels=[0.25, 0.75])["level"] == [0.25, 0.75] * 3


def test_rewards_are_the_verifiers_verdicts_for_both_kinds_of_completion():
    rows = dataset(size=60, seed=1).to_list()
    texts = attempts_at(rows, 0.5)
    rewards = reward_function("sympy")([r["prompt"] for r in rows], list(map(turns, texts)), **columns_of(rows))
    plain = reward_function("sympy")([r["question"] for r in rows], texts, **columns_of(rows))
    boxed = [text.rpartition("boxed{")[2].rpartition("}")[0] for text in texts]
    assert rewards == plain == [float(b == r["reference"]) for b, r in zip(boxed, rows, strict=True)]
    assert {0.0, 1.0} == set(rewards)


def test_code_questions_survive_the_table_and_are_judged_by_running_them():
    rows = dataset("SelfPlayCode-v0", size=6, seed=2, levels=[0.2], generator="deduction").to_list()
    right = [rf"\boxed{{{row['reference']}}}" for row in rows]
    rewards = reward_function("code")([r["prompt"] for r in rows] * 2, right + ["no idea"] * 6, **columns_of(rows * 2))
    assert rewards == [1.0] * 6 + [0.0] * 6


def test_a_vote_is_held_within_the_group():
    rows = dataset(size=2, seed=1).to_list()
    texts = [r"\boxed{7}", r"\boxed{7}", r"\boxed{8}", r"\boxed{8}", r"\boxed{9}", r"\boxed{8}"]
    prompts = [rows[i // 3]["prompt"] for i in range(6)]
    columns = columns_of([rows[i // 3] for i in range(6)])
    for size in (None, 3):
        vote = reward_function("majority", group_size=size)
        assert vote(prompts, texts, **columns) == [1.0, 1.0, 0.0, 1.0, 0.0, 1.0]


def test_a_group_cut_in_two_is_refused():
    rows = dataset(size=2, seed=1).to_list()
    cut = [rows[0], rows[1], rows[1]]
    for size in (2, 3):
        with pytest.raises(ConfigError, match="whole groups"):
            reward_function("majority", group_size=size)([r["prompt"] for r in cut], ["4"] * 3, **columns_of(cut))


class Undecided(BaseVerifier):
    def judge(self, question, attempts):
        verdicts = [Verdict.undecided("time-out") if a == "?" else Verdict.wrong(a) for a in attempts]
        return Judgement.of(verdicts, label="1", label_source="reference", valid=question.text != "bad")


def test_what_is_not_decided_or_not_valid_gets_none():
    reward = reward_function(Undecided(), reference="solution")
    assert reward.__name__ == "selfplay_Undecided"
    assert reward(["good", "good", "bad"], ["?", "1", "1"], solution=["1", "1", "1"]) == [None, 0.0, None]


def test_logs_bear_the_name_of_the_reward():
    metrics, extras = {}, {}
    reward = reward_function(Undecided(), name="mine")
    reward(["good"] * 4, ["?", "1", "2", "3"], log_metric=metrics.__setitem__, log_extra=extras.__setitem__)
    assert metrics == {"mine/undecided_share": 0.25, "mine/unanswered_share": 0.25}
    assert extras == {"mine/answer": ["", "1", "2", "3"], "mine/label": ["1"] * 4}


def test_foreign_datasets_need_a_prompt_and_an_answer_only():
    reward = reward_function("sympy", reference="solution")
    prompts = [[{"role": "user", "content": "What is 2+2?"}]] * 2
    assert reward(prompts, [turns(r"\boxed{4}"), turns("")], solution=["4", 4]) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("content", "reward"),
    [([{"type": "text", "text": r"\boxed{4}"}], 1.0), (None, 0.0), ([{"type": "image"}], 0.0)],
)
def test_blocks_of_a_turn_are_read(content, reward):
    completion = [{"role": "assistant", "content": content}, {"role": "tool", "content": "5"}]
    assert reward_function("sympy")(["2+2?"], [completion], reference=["4"]) == [reward]


def test_challengers_are_rewarded_by_the_game():
    asked = r"<question>What is {}+{}?</question> \boxed{{{}}}"
    texts = [asked.format(12, 7, 19), "no question", asked.format(3, 4, 7), asked.format(3, 4, 7)]
    reward = challenger_reward(solver={"name": "noisy", "skill": 0.5}, attempts=8, seed=1)
    prompts = dataset(size=4, role="challenger")["prompt"]
    state = SimpleNamespace(global_step=3)
    rewards = reward(prompts, list(map(turns, texts)), trainer_state=state)
    assert rewards == reward(prompts, texts, trainer_state=state)
    assert rewards[1] == 0.0
    assert all(0.0 <= r <= 1.0 for r in rewards)
    always = challenger_reward(solver="oracle", attempts=8, reward={"name": "r-zero", "repetition": 0.0})
    assert always(prompts, texts) == [0.0] * 4
    unsure = challenger_reward(solver={"name": "noisy", "skill": 0.5}, reward={"name": "r-zero", "repetition": 0.0})
    assert max(unsure(prompts, texts)) > 0.0


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"size": 0}, ConfigError),
        ({"size": 5, "role": "judge"}, ConfigError),
        ({"size": 5, "chat": False, "system": "x"}, ConfigError),
        ({"size": 5, "levels": []}, ConfigError),
        ({"size": 5, "game": "SelfPlayChess-v0"}, UnknownNameError),
        ({"size": 100_000, "levels": [0.0], "generator": "arithmetic"}, ConfigError),
    ],
)
def test_settings_that_cannot_work_are_refused(options, error):
    with pytest.raises(error):
        dataset(**options)


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"selfplay-gym\[trl\]"):
        dataset(size=1)


def train(tmp_path, rewards, questions, *, steps=2, generations=4, prompts=4, **settings):
    """A TRL trainer on a fresh tiny model, trained; global generators are put back afterwards, TRL reseeds them."""
    import torch

    grpo = pytest.importorskip("trl.trainer.grpo_trainer")
    from trl import GRPOConfig

    agent = LLMAgent.from_pretrained("tiny")
    before = {name: p.detach().clone() for name, p in agent.model.named_parameters()}
    config = GRPOConfig(
        output_dir=str(tmp_path),
        per_device_train_batch_size=prompts * generations,
        num_generations=generations,
        max_completion_length=48,
        max_steps=steps,
        learning_rate=1e-3,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        bf16=False,
        disable_tqdm=True,
        **settings,
    )
    states = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    try:
        trainer = grpo.GRPOTrainer(
            model=agent.model,
            reward_funcs=rewards,
            args=config,
            train_dataset=questions,
            processing_class=agent.tokenizer,
        )
        trainer.train()
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.random.set_rng_state(states[2])
    moved = [n for n, p in agent.model.named_parameters() if not torch.equal(p, before[n])]
    return trainer, moved, len(before)


def test_trl_trains_on_our_questions_and_logs_what_our_verifiers_say(tmp_path, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the network was used"))
    questions = dataset(size=32, seed=0, levels=[0.3, 0.5])
    rewards = [reward_function("sympy"), reward_function("majority", group_size=4)]
    trainer, moved, parameters = train(tmp_path, rewards, questions)
    logs = trainer._logs
    known = {row["prompt"][-1]["content"]: row for row in questions.to_list()}
    judge = make_verifier("sympy")
    rewards = logs["rewards"]["selfplay_sympy"]
    for prompt, completion, reward in zip(logs["prompt"], logs["completion"], rewards, strict=True):
        row = known[prompt[-1]["content"]]
        asked = Question(row["question"], row["reference"])
        assert reward == judge.judge(asked, [completion[-1]["content"]]).verdicts[0].score
    assert len(rewards) == 16  # TRL keeps those of the last step
    assert 0.0 < np.mean(list(rewards)) < 1.0
    votes = np.array(list(logs["rewards"]["selfplay_majority"])).reshape(-1, 4)
    assert (votes.sum(1) >= 1).all()  # every group with an answer has a winner in it
    assert len(moved) == parameters
    assert "rewards/selfplay_sympy/mean" in trainer.state.log_history[0]
    assert "selfplay_majority/unanswered_share" in trainer.state.log_history[0]


@pytest.mark.slow
def test_trl_trains_a_challenger_against_our_solver(tmp_path):
    solver = LLMAgent.from_pretrained("tiny", max_new_tokens=48)
    reward = challenger_reward(solver=solver, attempts=4)
    trainer, moved, parameters = train(
        tmp_path, [reward], dataset(size=16, role="challenger"), prompts=2, generations=8
    )
    rewards = list(trainer._logs["rewards"]["selfplay_challenger"])
    assert len(moved) == parameters
    assert max(rewards) > 0.0
    assert "selfplay_challenger/solve_rate" in trainer.state.log_history[0]
