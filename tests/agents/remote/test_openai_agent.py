"""Endpoint agents against a small server in this process, and against a real `transformers serve`."""

from __future__ import annotations

import importlib.util
import os
import re
import runpy
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfplay_gym.agents.model_names import shipped_folder
from selfplay_gym.agents.remote.http_client import JsonPost, ServerError
from selfplay_gym.agents.remote.openai_agent import OpenAIAgent
from selfplay_gym.agents.remote.servers.openai import OpenAIServer
from selfplay_gym.agents.remote.servers.sampler import ServerSampler
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_agent, make_sampler
from selfplay_gym.selfplay.bench import BenchSettings, run_bench
from selfplay_gym.selfplay.bench.agents import load_contestants
from selfplay_gym.selfplay.exams.suites import load_suites
from selfplay_gym.testing import check_agent

HttpServer = runpy.run_path(str(Path(__file__).parents[2] / "http_server.py"))["HttpServer"]


@contextmanager
def serving(*, honours_n=True, counts=True, failing=None):
    """An OpenAI-compatible server with a scripted agent behind it.

    Args:
        honours_n: whether one request gives n choices, or always one.
        counts: whether it reports usage.
        failing: statuses of the next answers, before it works; a list that the caller may change.
    """
    failing = [] if failing is None else failing

    def answer(request, body):
        status = failing.pop(0) if failing else 200
        if status != 200:
            request.reply({"error": "not now"}, status, {"Retry-After": "7"} if status == 429 else {})
            return
        agent = make_agent("noisy", accuracy=0.6) if body["temperature"] else make_agent("oracle")
        count = body["n"] if honours_n else 1
        texts = agent.act([body["messages"][-1]["content"]], n=count, seed=body["seed"])[0]
        choices = [
            {"index": i, "message": {"role": "assistant", "content": text}, "finish_reason": ("stop", "length")[i % 2]}
            for i, text in enumerate(texts)
        ]
        request.reply({"choices": choices, **({"usage": {"completion_tokens": 10 * count + 1}} if counts else {})})

    with HttpServer(answer) as server:
        yield server, server.url


@pytest.mark.parametrize("honours_n", [True, False])
def test_it_is_an_agent(honours_n):
    with serving(honours_n=honours_n) as (server, url):
        check_agent(make_agent(f"openai:some/model@{url}"))
    assert {body["path"] for body in server.seen} == {"/v1/chat/completions"}
    assert {body["model"] for body in server.seen} == {"some/model"}


def test_settings_key_and_system_turn_are_sent(monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    with serving() as (server, url):
        agent = OpenAIAgent(
            f"m@{url}/",
            temperature=0.5,
            top_p=0.9,
            max_new_tokens=33,
            system="Be brief.",
            stop=["###"],
            template_options={"enable_thinking": False},
            key_env="MY_KEY",
        )
        agent.act(["What is 1+1?"], n=2, seed=0)
        agent.with_settings(temperature=0).act(["What is 1+1?"], seed=0)
    sampled, greedy = server.seen
    assert (sampled["temperature"], sampled["top_p"], sampled["max_tokens"], sampled["n"]) == (0.5, 0.9, 33, 2)
    assert [turn["role"] for turn in sampled["messages"]] == ["system", "user"]
    assert greedy["temperature"] == 0
    for body in (sampled, greedy):
        assert (body["stop"], body["chat_template_kwargs"]) == (["###"], {"enable_thinking": False})
    assert {asked["key"] for asked in server.seen} == {"Bearer secret"}


def test_no_key_is_sent_unless_there_is_one(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with serving() as (server, url):
        OpenAIAgent(f"m@{url}").act(["What is 1+1?"])
    assert {asked["key"] for asked in server.seen} == {None}
    assert not {"stop", "chat_template_kwargs"} & set(server.seen[0])


@pytest.mark.parametrize("settings", [{"stop": "a"}, {"stop": [""]}, {"stop": [1]}, {"template_options": [1]}])
def test_settings_of_another_kind_are_refused(settings):
    with pytest.raises(ConfigError, match="must be a"):
        OpenAIAgent("m@http://localhost:1/v1", **settings)


@pytest.mark.parametrize("honours_n", [True, False])
def test_samples_vary_in_a_group_and_their_cost_is_kept(honours_n):
    with serving(honours_n=honours_n) as (_, url):
        replies = OpenAIAgent(f"m@{url}").sample(["What is 1+1?", "What is 9*9?"], n=8, seed=1)
    assert [len(set(texts)) > 1 for texts in replies.texts] == [True, True]
    assert replies.lengths.reshape(2, 8).sum(1).tolist() == [81, 81] if honours_n else [88, 88]
    assert replies.finished.tolist() == ([True, False] * 8 if honours_n else [True] * 16)


def test_a_busy_server_is_asked_again():
    waits = []
    failing = [429, 503]
    with serving(failing=failing) as (server, url):
        post = JsonPost(tries=3, wait=waits.append)
        assert OpenAIAgent(f"m@{url}", post=post).act(["What is 1+1?"], seed=0)
        assert len(server.seen) == 3
        assert waits == [7.0, 2.0]
        failing.append(404)
        with pytest.raises(ServerError, match=r"404.*not now"):
            OpenAIAgent(f"m@{url}", post=post).act(["What is 1+1?"], seed=0)
        assert len(server.seen) == 4
    with pytest.raises(ServerError, match="Is the server running"):
        OpenAIAgent(f"m@{url}", post=post).act(["What is 1+1?"], seed=0)
    assert waits[2:] == [1.0, 2.0]


def test_other_answers_are_named():
    for answer in ({}, {"choices": []}, {"choices": [{"text": "hi"}]}, {"choices": None}):
        with pytest.raises(ServerError, match=r"choices|expected chat completions"):
            OpenAIAgent("m@http://x/v1", post=lambda url, body, answer=answer: answer).act(["hi"])


@pytest.mark.parametrize(
    ("where", "options"),
    [("model", {}), ("m@localhost:8000", {}), ("m@http://x", {"temperature": -1}), ("m@http://x", {"parallel": 0})],
)
def test_wrong_arguments_say_what_is_right(where, options):
    with pytest.raises(ConfigError, match=r"endpoint|parallel"):
        OpenAIAgent(where, **options)


@pytest.mark.parametrize("counts", [True, False])
def test_an_endpoint_can_be_benchmarked(tmp_path, counts):
    with serving(counts=counts) as (server, url):
        contestants = load_contestants([f"served=openai:m@{url}"])
        report = run_bench(contestants, load_suites("mixed", limit=48), BenchSettings(samples=4), cache=tmp_path)
        asked = len(server.seen)
        again = run_bench(contestants, load_suites("mixed", limit=48), BenchSettings(samples=4), cache=tmp_path)
        assert len(server.seen) == asked
    (entry,) = report.entries
    assert "\\boxed" in server.seen[0]["messages"][-1]["content"]
    assert entry.exam.greedy_accuracy.value == 0.0  # the oracle cannot read the question behind an instruction
    assert entry.truncated_share == 0.5
    assert (entry.usage.tokens == [41] * 48) if counts else (entry.usage.tokens is None)
    assert again.entries == report.entries


@contextmanager
def transformers_serve(folder):
    """The address of a real server for one model folder; stopped by its handle."""
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", "0", "--device", "cpu", "--log-level", "info"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, encoding="utf-8", env=environment
    )
    assert server.stderr is not None
    lines = []
    try:
        for line in server.stderr:
            lines.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                # Read on, so that the server never waits for a full pipe.
                reader = threading.Thread(target=lines.extend, args=(server.stderr,), daemon=True)
                reader.start()
                yield f"{found[1]}/v1"
                break
        else:
            pytest.fail("transformers serve ended: " + "".join(lines[-20:]))
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


needs_serving = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "openai")),
    reason="needs transformers[serving]",
)


@pytest.mark.slow
@needs_serving
def test_the_sampler_for_texts_draws_from_transformers_serve_as_the_model_does():
    """`compute.sampler="openai(…, prompts=text)"`: greedy answers are the model's own, sampled ones vary."""
    folder = shipped_folder("tiny")
    agent = make_agent("tiny").with_settings(max_new_tokens=40)
    prompts = ["What is 12+7?", "What is 3*4?", "Solve 3x+4=19."]
    with transformers_serve(folder) as url:
        named = {"name": "openai", "url": url, "model": str(folder), "prompts": "text", "parallel": 1}
        served = agent.with_settings(sampler=make_sampler(named, agent=agent))
        greedy = [one.with_settings(temperature=0.0).act(prompts) for one in (agent, served)]
        found = served.sample(prompts, n=4, seed=0)
        tokens = OpenAIServer(url, str(folder), agent.tokenizer, JsonPost(timeout_s=60))
        with pytest.raises(ServerError, match="status 422"):  # it reads no token ids
            ServerSampler(tokens, None, context=None).sample([[5, 6]], n=1, settings=agent.settings, seed=0)
    assert greedy[0] == greedy[1]
    assert found.drawn_by is None
    assert len({text for group in found.texts for text in group}) > 3
    assert bool(found.logps[found.mask > 0].isnan().all())


@pytest.mark.slow
@needs_serving
def test_the_tiny_model_answers_the_same_through_transformers_serve():
    suites = load_suites("arithmetic", limit=32)
    folder = shipped_folder("tiny")
    with transformers_serve(folder) as url:
        served = f"served=openai:{folder}@{url}(parallel=1, max_new_tokens=72)"
        report = run_bench(
            load_contestants(["tiny", served], prompt="plain"), suites, BenchSettings(samples=4), cache=None
        )
    local, remote = (report.entry(name, "arithmetic").exam for name in ("tiny", "served"))
    assert sum(a != b for a, b in zip(local.greedy, remote.greedy, strict=True)) <= 2  # rounding
    comparison = report.comparisons[0].result
    assert comparison.low <= 0 <= comparison.high  # the same policy, other samples
    assert remote.accuracy.value > 0.3
    assert remote.samples_vary
    assert report.entry("served", "arithmetic").usage.tokens is not None
