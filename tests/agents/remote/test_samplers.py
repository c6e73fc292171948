"""Samplers elsewhere, against fakes: what is asked, how answers are read, and that training on them works."""

from __future__ import annotations

import math
import runpy
import sys
import types
from pathlib import Path

import pytest
import torch

from selfplay_gym.agents.remote.http_client import JsonPost
from selfplay_gym.agents.remote.samplers import ServerError, ServerSampler, VLLMSampler
from selfplay_gym.agents.remote.servers.openai import OpenAIServer
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError, MissingExtraError

HttpServer = runpy.run_path(str(Path(__file__).parents[2] / "http_server.py"))["HttpServer"]
URL = "http://server/v1"


class Served:
    """A completions server in front of a local agent."""

    def __init__(self, agent, *, with_ids=True):
        self.agent, self.with_ids, self.bodies = agent, with_ids, []

    def __call__(self, url, body):
        assert url == URL + "/completions"
        self.bodies.append(body)
        agent = self.agent.with_settings(temperature=body["temperature"], max_new_tokens=body["max_tokens"])
        found = agent.sampler.sample([body["prompt"]], n=body["n"], settings=agent.settings, seed=body["seed"])
        choices = []
        for row, length in enumerate(found.lengths.tolist()):
            tokens = found.tokens[row, :length].tolist()
            choice = {
                "text": self.agent.tokenizer.decode(tokens, skip_special_tokens=True),
                "finish_reason": "stop" if found.finished[row] else "length",
            }
            if self.with_ids:
                choice["token_ids"] = tokens
                choice["logprobs"] = {"token_logprobs": found.logps[row, :length].tolist()}
            choices.append(choice)
        return {"choices": choices}


def asking(agent, post, url=URL, model="m", **options):
    return ServerSampler(OpenAIServer(url, model, agent.tokenizer, post, **options), None, context=None, parallel=1)


def remote(agent, served):
    return agent.with_settings(sampler=asking(agent, served))


def test_tokens_log_probabilities_and_texts_come_through(make_agent):
    agent = make_agent()
    served = Served(agent)
    samples = remote(agent, served).sample(["What is 1+2?", "Solve 3x+4=19."], n=3, seed=4)
    assert [body["n"] for body in served.bodies] == [3, 3]
    assert served.bodies[0]["seed"] != served.bodies[1]["seed"]
    assert [len(group) for group in samples.texts] == [3, 3]
    assert samples.tokens.shape[0] == 6
    again = remote(agent, Served(agent)).sample(["What is 1+2?", "Solve 3x+4=19."], n=3, seed=4)
    assert again.texts == samples.texts


def test_a_server_without_token_ids_is_read_by_its_text(make_agent):
    agent = make_agent()
    with_ids = remote(agent, Served(agent)).sample(["What is 1+2?"], n=4, seed=0)
    without = remote(agent, Served(agent, with_ids=False)).sample(["What is 1+2?"], n=4, seed=0)
    assert without.texts == with_ids.texts
    assert torch.equal(without.finished, with_ids.finished)
    assert bool(without.logps[without.mask > 0].isnan().all())


@pytest.mark.parametrize("with_ids", [True, False])
def test_the_trainer_learns_from_served_samples(make_agent, with_ids):
    agent = make_agent()
    trainer = GRPOTrainer(remote(agent, Served(make_agent(), with_ids=with_ids)), GRPOConfig(max_new_tokens=12))
    metrics = trainer.step(["What is 1+2?"], lambda p, g: [[float(len(t)) for t in x] for x in g], samples=6, seed=0)
    assert metrics.updates == 1
    assert math.isfinite(metrics.grad_norm)
    assert metrics.grad_norm > 0


def test_foreign_samples_are_weighted(make_agent):
    """A server with other weights: the update is that of truncated importance sampling, not of on-policy samples."""
    reward = lambda p, g: [[float(len(t)) for t in x] for x in g]  # noqa: E731
    norms = []
    for seed in (0, 1):
        trainer = GRPOTrainer(remote(make_agent(), Served(make_agent(seed=seed))), GRPOConfig(max_new_tokens=12))
        norms.append(trainer.step(["What is 1+2?"], reward, samples=6, seed=0))
    unknown = GRPOTrainer(
        remote(make_agent(), Served(make_agent(seed=1), with_ids=False)), GRPOConfig(max_new_tokens=12)
    ).step(["What is 1+2?"], reward, samples=6, seed=0)
    assert norms[1].grad_norm != pytest.approx(unknown.grad_norm, rel=1e-3)


def test_a_sampler_says_whether_its_samples_are_on_policy(make_agent):
    """Completions of a stranger are trusted as the policy's own if their sampler says so, and weighed otherwise."""

    class Somewhere:
        on_policy = True
        keeps_activations = False

        def __init__(self, local):
            self.local = local

        def sample(self, prompt_ids, *, n, settings, seed):
            return self.local.sample(prompt_ids, n=n, settings=settings, seed=seed)

    reward = lambda p, g: [[float(len(t)) for t in x] for x in g]  # noqa: E731
    config = GRPOConfig(max_new_tokens=12, gradient_checkpointing=True)  # the local one keeps no activations either
    steps = []
    for trusted in (True, False):
        agent, sampler = make_agent(), Somewhere(make_agent(seed=1).sampler)
        sampler.on_policy = trusted
        trainer = GRPOTrainer(agent.with_settings(sampler=sampler), config)
        steps.append(trainer.step(["What is 1+2?"], reward, samples=6, seed=0))
    assert steps[0].mean_reward == steps[1].mean_reward
    assert steps[0].grad_norm != pytest.approx(steps[1].grad_norm, rel=1e-3)
    local = make_agent().sampler
    assert (local.on_policy, local.keeps_activations) == (True, True)
    for remote_sampler in (ServerSampler, VLLMSampler):
        assert (remote_sampler.on_policy, remote_sampler.keeps_activations) == (False, False)


def test_wrong_answers_are_named(make_agent):
    agent = make_agent()
    for answer in ({}, {"choices": []}, {"choices": "no"}):
        sampler = asking(agent, lambda url, body, answer=answer: answer)
        with pytest.raises(ServerError, match="choices were asked for"):
            agent.with_settings(sampler=sampler).act(["hi"], n=2)
    with pytest.raises(ConfigError, match="must start with http"):
        asking(agent, None, "localhost:8000")


def test_over_real_http(make_agent):
    agent = make_agent()

    def answer(request, body):
        request.reply({"choices": [{"token_ids": [5, 6, 2], "finish_reason": "stop"}] * body["n"]})

    with HttpServer(answer) as server:
        sampler = asking(agent, JsonPost("secret", timeout_s=30), server.url, "tiny")
        assert len(agent.with_settings(sampler=sampler).act(["hi"], n=2)[0]) == 2
    (asked,) = server.seen
    assert (asked["path"], asked["key"], asked["model"]) == ("/v1/completions", "Bearer secret", "tiny")
    with pytest.raises(ServerError, match="Is the server running"):
        agent.with_settings(sampler=sampler).act(["hi"])


def test_vllm_is_asked_and_read(make_agent, monkeypatch):
    agent = make_agent()
    with pytest.raises(MissingExtraError, match="vllm"):
        VLLMSampler("nowhere")

    class Engine:
        def generate(self, prompts, parameters, use_tqdm):
            assert not use_tqdm
            assert prompts[0]["prompt_token_ids"] == agent.prompt_ids("hi")
            choice = types.SimpleNamespace(
                token_ids=(7, 2),
                logprobs=[{7: types.SimpleNamespace(logprob=-0.5)}, {2: types.SimpleNamespace(logprob=-1.5)}],
                finish_reason="stop",
            )
            return [types.SimpleNamespace(outputs=[choice] * p["n"]) for p in parameters]

    module = types.ModuleType("vllm")
    module.SamplingParams = lambda **options: options
    monkeypatch.setitem(sys.modules, "vllm", module)
    samples = agent.with_settings(sampler=VLLMSampler(Engine())).sample(["hi"], n=2, seed=0)
    assert samples.tokens.tolist() == [[7, 2], [7, 2]]
    assert samples.logps.tolist() == [[-0.5, -1.5]] * 2
    assert samples.finished.tolist() == [True, True]
