"""The correctness head learns what is planted, beside a base that does not notice unless it is asked to."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.models.correctness_head import CorrectnessHead
from selfplay_gym.agents.roles.weight_sharing import build_agents
from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.core.records import Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.core.seeding import python_stream


def planted(count, seed):
    """Pairs whose answer is right when it repeats the question's first digit."""
    rng = python_stream(seed, "planted")
    questions, answers, labels = [], [], []
    for _ in range(count):
        digit, other = (int(rng.random() * 2) for _ in range(2))
        questions.append(f"What is {digit}+{int(rng.random() * 10)}?")
        answers.append(f"\\boxed{{{other}}}")
        labels.append(float(digit == other))
    return questions, answers, labels


def right(head, questions, answers, labels):
    scores = head.correctness(questions, answers)
    assert all(0.0 <= score <= 1.0 for score in scores)
    return sum((score > 0.5) == bool(label) for score, label in zip(scores, labels, strict=True)) / len(labels)


@pytest.fixture
def trained(make_agent):
    head = CorrectnessHead(make_agent(hidden_size=64))
    head.fit(*planted(200, 0), steps=150)
    return head


def test_it_learns_a_planted_signal_and_leaves_the_base_alone(make_agent):
    agent = make_agent(hidden_size=64)
    before = [p.detach().clone() for p in agent.model.parameters()]
    head, fresh = CorrectnessHead(agent), planted(200, 1)
    assert set(head.correctness(*fresh[:2])) == {0.5}
    losses = head.fit(*planted(300, 0), steps=300)
    assert losses[0] == pytest.approx(0.693, abs=1e-3)
    assert sum(losses[-20:]) / 20 < 0.2
    assert right(head, *fresh) > 0.9
    assert all(torch.equal(p, b) for p, b in zip(agent.model.parameters(), before, strict=True))
    assert all(p.grad is None for p in agent.model.parameters())


def test_jointly_the_base_learns_too(make_agent):
    agent = make_agent(hidden_size=64)
    before = [p.detach().clone() for p in agent.model.parameters()]
    head = CorrectnessHead(agent, hidden=0)
    losses = head.fit(*planted(16, 0), steps=10, batch=16, joint=True, base_learning_rate=1e-3)
    assert losses[-1] < losses[0]
    moved = [not torch.equal(p, b) for p, b in zip(agent.model.parameters(), before, strict=True)]
    assert sum(moved) > len(moved) / 2


def test_the_loss_reaches_the_base_only_if_not_detached(make_agent):
    agent = make_agent()
    head = CorrectnessHead(agent)
    torch.nn.init.ones_(head.network.outer.weight)
    head.loss(*planted(8, 0)).backward()
    assert all(p.grad is None for p in agent.model.parameters())
    head.loss(*planted(8, 0), detach=False).backward()
    assert any(p.grad is not None and bool(p.grad.any()) for p in agent.model.parameters())


@pytest.mark.parametrize("kind", ["qwen3", "gpt_neox"])
def test_states_are_those_after_the_end_of_the_answer(make_agent, kind):
    agent = make_agent(kind)
    questions, answers, _ = planted(6, 0)
    questions[2] = questions[0]
    found = CorrectnessHead(agent).states(questions, answers)
    for state, question, answer in zip(found, questions, answers, strict=True):
        ids = agent.prompt_ids(question) + agent.tokenizer(answer).input_ids + [agent.stop_ids[0]]
        with torch.no_grad():
            expected = agent.model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0, -1]
        assert torch.allclose(state, expected, atol=1e-4)


def test_a_saved_head_says_the_same(trained, tmp_path):
    questions, answers, _ = planted(20, 2)
    trained.agent.save_pretrained(tmp_path)
    trained.save_pretrained(tmp_path)
    again = CorrectnessHead.from_pretrained(tmp_path, trained.agent)
    assert again.correctness(questions, answers) == trained.correctness(questions, answers)
    assert again.trained == 200


def test_a_head_for_another_model_is_refused(trained, make_agent, tmp_path):
    with pytest.raises(RunError, match="no correctness head"):
        CorrectnessHead.from_pretrained(tmp_path, trained.agent)
    trained.save_pretrained(tmp_path)
    with pytest.raises(RunError, match="no correctness head for this model"):
        CorrectnessHead.from_pretrained(tmp_path, make_agent(hidden_size=32))


def test_confidence_turns_a_vote(trained):
    """Two wrong attempts outvote one right one, until the head weighs them."""
    question, attempts = Question("What is 1+3?"), ["\\boxed{0}", "\\boxed{1}", "\\boxed{0}"]
    assert make_verifier("majority").judge(question, attempts).label == "0"
    (weighed,) = trained.with_confidence([question], [attempts])
    weights = weighed.meta["confidence"]
    assert weights[1] > 2 * max(weights[0], weights[2])
    assert make_verifier("majority", weights="confidence").judge(weighed, attempts).label == "1"


def test_it_reads_with_the_adapter_of_its_role(make_agent, tmp_path):
    pytest.importorskip("peft")
    make_agent().save_pretrained(tmp_path / "base")
    agents = build_agents(tmp_path / "base", "lora", rank=2)
    questions, answers, _ = planted(4, 0)
    heads = {role: CorrectnessHead(agent) for role, agent in agents.items()}
    before = heads["challenger"].states(questions, answers)
    for name, parameter in agents["solver"].model.named_parameters():
        if "lora_B.solver" in name:
            torch.nn.init.ones_(parameter)
    assert torch.equal(heads["challenger"].states(questions, answers), before)
    assert not torch.allclose(heads["solver"].states(questions, answers), before, atol=1e-2)


def test_undecided_labels_are_left_out_and_wrong_ones_named(make_agent):
    questions, answers, labels = planted(12, 0)
    one, other = CorrectnessHead(make_agent()), CorrectnessHead(make_agent())
    gaps = one.fit([*questions, "?"], [*answers, "?"], [*labels, None], steps=3)
    assert gaps == other.fit(questions, answers, labels, steps=3)
    with pytest.raises(ConfigError, match=r"\[0, 1\]"):
        one.fit(questions[:1], answers[:1], [2.0])
    with pytest.raises(ConfigError, match="some not None"):
        one.fit(questions[:1], answers[:1], [None])
    with pytest.raises(ConfigError, match="one answer per question"):
        one.correctness(["a"], [])
    assert one.correctness([], []) == []
