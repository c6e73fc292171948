"""Batches of prompts and completions as tasks: the loss is the plain one, and tokens are counted where asked for."""

import pytest
import torch

from selfplay_gym.agents.inference.token_count import TokenCount
from selfplay_gym.agents.training.meta.inner_loop import InnerLoop, restored
from selfplay_gym.agents.training.meta.pairs import task_of_pairs

PAIRS = [
    ("What is 1+2?", "1+2=3"),
    ("What is 1+2?", "\\boxed{3}"),
    ("Solve 3x+4=19.", "x=5 </s> \\boxed{5}"),
    ("a", ""),
]


def test_the_loss_is_the_mean_cross_entropy_per_token_of_the_batch_asked_for(make_agent):
    agent, counted = make_agent(), TokenCount()
    task = task_of_pairs(agent, lambda number: PAIRS[number:], counted)
    total, tokens = 0.0, 0
    for prompt, text in PAIRS[1:]:  # the plain way: one by one, through transformers
        head, tail = agent.prompt_ids(prompt), [*agent.text_ids(text), agent.tokenizer.eos_token_id]
        logits = agent.model(torch.tensor([head + tail])).logits[0, len(head) - 1 : -1]
        total += float(torch.nn.functional.cross_entropy(logits, torch.tensor(tail), reduction="sum").detach())
        tokens += len(tail)
    assert float(task(1).detach()) == pytest.approx(total / tokens, rel=1e-5)
    assert (counted.trained, agent.counted.trained) == (tokens, 0)


def test_a_model_adapts_in_place_and_comes_back(make_agent):
    agent = make_agent()
    weights = [p for p in agent.model.parameters() if p.requires_grad]
    before, said = [p.detach().clone() for p in weights], agent.act(["What is 1+2?"], n=4, seed=0)
    steps = InnerLoop(1, 1e-2).steps(weights, task_of_pairs(agent, lambda number: PAIRS))
    with restored(weights):
        losses = [next(steps) for _ in range(5)]
        assert losses[-1] < losses[0] - 0.5
        assert agent.act(["What is 1+2?"], n=4, seed=0) != said
    assert all(torch.equal(one, other) for one, other in zip(weights, before, strict=True))
    assert agent.act(["What is 1+2?"], n=4, seed=0) == said
