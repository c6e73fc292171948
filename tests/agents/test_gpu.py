"""What a GPU computes is what a CPU computes, and no tensor is left behind on the CPU.

Each test runs on a GPU if there is one (`pytest -m gpu`), and everywhere on one that is pretended (`pretend_gpu.py`).
"""

from __future__ import annotations

import contextlib
import itertools
import runpy
from pathlib import Path

import pytest
import torch

from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.roles.weight_sharing import build_agents, build_trainers
from selfplay_gym.agents.training.config import GRPOConfig
from selfplay_gym.agents.training.sft import SFTConfig, train_sft

PRETEND = runpy.run_path(str(Path(__file__).with_name("pretend_gpu.py")))["PretendGPU"]
PROMPTS = ["What is 3+4?", "What is 12-7+3?", "Solve 3x+4=19."]


@pytest.fixture(params=["pretended", pytest.param("cuda", marks=pytest.mark.gpu)])
def gpu(request):
    """Open while the device "cuda" can be used."""
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with PRETEND() if request.param == "pretended" else contextlib.nullcontext():
        yield


def reward(prompts, groups):
    return [[float("7" in text) + 0.1 * len(text) for text in group] for group in groups]


def test_the_pretended_gpu_refuses_what_a_gpu_refuses():
    with PRETEND():
        there, here = torch.ones(3, device="cuda"), torch.ones(3)
        assert (there + there).device.type == (there * torch.tensor(2.0)).device.type == "cuda"
        assert there[torch.tensor([0, 2])].device.type == "cuda"
        for mixed in (lambda: there + here, lambda: here[there.long()], lambda: torch.cat([here, there])):
            with pytest.raises(RuntimeError, match="two devices"):
                mixed()


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_same_rows_are_sampled(gpu, temperature):
    on_cpu = LLMAgent.from_pretrained("tiny", temperature=temperature, max_new_tokens=40)
    there = LLMAgent.from_pretrained("tiny", temperature=temperature, max_new_tokens=40, device="cuda")
    expected, found = (agent.sample(PROMPTS, n=6, seed=3) for agent in (on_cpu, there))
    assert found.tokens.device.type == "cuda"
    pairs = zip(itertools.chain(*found.texts), itertools.chain(*expected.texts), strict=True)
    assert sum(one != other for one, other in pairs) <= 1  # a draw may fall on the other side of a rounding
    rows = torch.arange(len(PROMPTS), device="cuda").repeat_interleave(6)
    logps = completion_logps(
        there.model, there.decoder, found.prompt_ids, rows, found.tokens, found.lengths, temperature=temperature or 1.0
    )
    assert float((logps - found.logps).abs().max()) < 1e-4
    assert float(found.logps[found.mask == 0].abs().sum()) == 0


def test_adapters_learn_there_and_go_on_from_their_state(gpu):
    agents = build_agents("tiny", "lora", rank=4, device="cuda")
    config = GRPOConfig(kl_weight=0.01, max_new_tokens=16, learning_rate=1e-3)
    trainers = build_trainers(agents, dict.fromkeys(agents, config))
    idle = {name: value.clone() for name, value in trainers["challenger"].parameters.items()}
    first = trainers["solver"].step(PROMPTS, reward, samples=4, seed=1)
    assert first.updates == 1
    assert first.update_norm > 0
    assert abs(first.kl) < 1e-4
    assert all(torch.equal(value, idle[name]) for name, value in trainers["challenger"].parameters.items())
    state = {name: value.cpu() for name, value in trainers["solver"].tensors().items()}
    trainers["solver"].load_tensors(state)
    second = trainers["solver"].step(PROMPTS, reward, samples=4, seed=2)
    assert second.kl > 0
    assert next(iter(trainers["solver"].parameters.values())).device.type == "cuda"


def test_supervised_steps_lower_the_loss_there(gpu):
    agent = LLMAgent.from_pretrained("tiny", device="cuda")
    pairs = [("What is 31+44?", r"\boxed{8}"), ("What is 1+2?", "who knows")]
    losses = list(train_sft(agent.model, agent.tokenizer, lambda step: pairs, SFTConfig(steps=4, learning_rate=3e-3)))
    assert losses[-1] < losses[0] / 2
