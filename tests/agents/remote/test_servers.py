"""Servers as samplers, against a fake that really loads the adapters it is given; and what goes wrong with servers."""

from __future__ import annotations

import math
import runpy
import time
from pathlib import Path

import pytest
import torch

from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.remote.http_client import ServerError
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_sampler

pytest.importorskip("peft")
FAKE = runpy.run_path(str(Path(__file__).with_name("fake_server.py")))
FakeServer = FAKE["FakeServer"]
PROMPTS = ["What is 1+2?", "Solve 3x+4=19."]
DEADLINE = 1.0
"""Seconds that a drill of slowness gives the server; without a fault it answers in a few hundredths."""
SLACK = 20.0
"""Seconds beyond it that a busy machine may take: far less than the server would."""


def by_length(prompts, groups):
    return [[float(len(text)) + 0.5 * (index % 2) for index, text in enumerate(group)] for group in groups]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from selfplay_gym.agents.models.tiny import build_tokenizer

    build = runpy.run_path(str(Path(__file__).parents[1] / "conftest.py"))["build"]
    path = tmp_path_factory.mktemp("served") / "model"
    LLMAgent(build(), build_tokenizer()).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def running(folder):
    with FakeServer(folder) as server:
        yield server


@pytest.fixture
def server(running):
    running.faults, running.seen = {}, []
    running.forget()
    return running


def roles(folder, names=("solver",), trunk="frozen"):
    from selfplay_gym.agents.roles.weight_sharing import build_agents

    made = build_agents(str(folder), "lora", roles=names, trunk=trunk, rank=2, seed=0, max_new_tokens=12)
    return [made[name] for name in names]


def moved(agent, seed=1):
    """The role's adapter after some training."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in agent.model.named_parameters():
            if f".{agent.role}." in name:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))


class Served:
    """A role that learns from a server.

    Attributes:
        waits: seconds slept between tries, which pass at once here.
    """

    def __init__(self, folder, server, kind="vllm", **options):
        (self.agent,) = roles(folder)
        given = {"url": server.url, "timeout_s": 60, "tries": 2, **options}
        self.sampler, self.waits = make_sampler({"name": kind, **given}, agent=self.agent), []
        self.sampler.server.http._wait = self.waits.append
        self.agent = self.agent.with_settings(sampler=self.sampler)
        self.trainer = GRPOTrainer(self.agent, GRPOConfig(max_new_tokens=12, learning_rate=1e-2))
        self.trainer.agent.sampler = self.sampler.for_training()

    def step(self, seed=0):
        return self.trainer.step(PROMPTS, by_length, samples=4, seed=seed)

    def gives(self, seconds):
        """So many seconds for each answer from now on."""
        http = self.sampler.server.http
        http._timeout = http._in_all = seconds

    def weights(self):
        return {name: value.detach().clone() for name, value in self.trainer.parameters.items()}


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
def test_each_step_samples_from_the_weights_in_training(folder, server, kind):
    served = Served(folder, server, kind)
    names = []
    for seed in range(3):
        metrics = served.step(seed)
        assert metrics.updates == 1
        assert metrics.staleness == 0
        assert metrics.sampler_gap < 1e-5
        assert len(server.loaded) == 1  # the old one is gone
        names += server.loaded
    assert len(set(names)) == 3
    assert all(name.startswith("solver-") for name in names)
    drawn = served.agent.sample(PROMPTS, n=2, seed=0)
    assert {policy.behind for policy in drawn.drawn_by} == {0}
    (name,) = server.loaded
    assert {policy.name for policy in drawn.drawn_by} == {name.rpartition("-")[0]}
    assert [path.name for path in served.sampler.versions.folder.iterdir()] == [name]  # nor do files pile up
    served.sampler.close()
    assert not server.loaded
    assert not served.sampler.versions.folder.exists()


def test_equal_weights_have_one_name_and_are_taken_over_once(folder, server):
    served = Served(folder, server)
    for seed in range(3):
        served.agent.act(PROMPTS, seed=seed)
    assert len(server.asked("load_lora_adapter")) == 1
    before = {name: value.detach().clone() for name, value in served.trainer.parameters.items()}
    first = served.sampler.versions.served(0)
    moved(served.agent)
    assert served.sampler.versions.served(0) != first
    with torch.no_grad():
        for name, value in served.trainer.parameters.items():
            value.copy_(before[name])
    assert served.sampler.versions.served(0) == first  # a run that went back has its old policy again
    assert Served(folder, server).sampler.versions.served(0) != first  # and another run never has its names


def test_what_is_sampled_is_what_the_adapter_says(folder, server):
    """Greedy answers through the server are those of the model in this process, for the base and after a change."""
    served = Served(folder, server)
    (local,) = roles(folder)
    for change in (False, True):
        if change:
            moved(served.agent), moved(local)
        greedy = [agent.with_settings(temperature=0.0).act(PROMPTS) for agent in (served.agent, local)]
        assert greedy[0] == greedy[1]


def test_two_roles_on_one_base_play_with_an_adapter_each(folder, server):
    both = roles(folder, ("challenger", "solver"))
    moved(both[0])
    made = [
        agent.with_settings(sampler=make_sampler({"name": "vllm", "url": server.url}, agent=agent)) for agent in both
    ]
    local = [agent.with_settings(temperature=0.0).act(PROMPTS) for agent in both]
    assert [agent.with_settings(temperature=0.0).act(PROMPTS) for agent in made] == local
    assert local[0] != local[1]
    assert sorted(name.split("-")[0] for name in server.loaded) == ["challenger", "solver"]


def test_a_role_without_an_adapter_plays_as_the_base_and_follows_nothing(folder, server):
    agent = LLMAgent.from_pretrained(folder, max_new_tokens=12)
    sampler = make_sampler({"name": "vllm", "url": server.url}, agent=agent)
    assert not sampler.follows
    served = agent.with_settings(sampler=sampler, temperature=0.0)
    assert served.act(PROMPTS) == agent.with_settings(temperature=0.0).act(PROMPTS)
    assert served.sample(PROMPTS).drawn_by is None
    assert {body["model"] for body in server.asked("/completions")} == {server.base}
    (trained,) = roles(folder, trunk="trained")
    assert not make_sampler({"name": "vllm", "url": server.url}, agent=trained).follows
    (adapter,) = roles(folder)
    assert not make_sampler({"name": "vllm", "url": server.url, "lora": False}, agent=adapter).follows


def test_all_that_shapes_the_distribution_is_said(folder, server):
    """vLLM and SGLang fill in what a request leaves open from the model's generation config."""
    for kind, end in (("vllm", "completions"), ("sglang", "generate")):
        served = Served(folder, server, kind)
        served.agent.with_settings(temperature=0.7, top_p=0.9, stop=("9",)).act(PROMPTS[:1], n=2, seed=3)
        (body,) = server.asked(end)
        asked = {**body, **body.get("sampling_params", {})}
        assert (asked["temperature"], asked["top_p"], asked["top_k"], asked["min_p"]) == (0.7, 0.9, -1, 0.0)
        assert (asked["repetition_penalty"], asked["stop"], asked["stop_token_ids"]) == (1.0, ["9"], [2])


def test_a_run_may_be_behind_if_it_is_allowed_and_weighs_what_it_learns(folder, server):
    served = Served(folder, server, max_staleness=2)
    found = [served.step(seed) for seed in range(6)]
    assert [metrics.staleness for metrics in found] == [0, 1, 2, 0, 1, 2]
    assert len(server.asked("/load_lora_adapter")) == 2
    assert all((m.sampler_gap > 1e-3) == (m.staleness > 0) for m in found)
    drawn = served.agent.sample(PROMPTS, n=2, seed=0)  # labels and exams are never behind
    assert {policy.behind for policy in drawn.drawn_by} == {0}


def test_log_probabilities_before_temperature_show_in_the_gap(folder, caplog):
    """As vLLM tells them unless it is started with --logprobs-mode processed_logprobs."""
    gaps = []
    for raw in (False, True):
        with FakeServer(folder, raw=raw) as server:
            (agent,) = roles(folder)
            agent = agent.with_settings(temperature=0.5)
            sampler = make_sampler({"name": "vllm", "url": server.url}, agent=agent)
            trainer = GRPOTrainer(agent.with_settings(sampler=sampler), GRPOConfig(max_new_tokens=12, temperature=0.5))
            gaps.append(trainer.step(PROMPTS, by_length, samples=4, seed=0).sampler_gap)
    assert gaps[0] < 1e-5 < 1e-2 < gaps[1]
    assert "processed_logprobs" in caplog.text


# --- what goes wrong ---


def status(code, text="no", **headers):
    return lambda handler, body: handler.reply(code, text, **headers)


def changed(change):
    """The usual answer, changed; `change` may give another one."""

    def fault(handler, body):
        code, answer = handler.usual(body)
        handler.reply(code, change(answer) or answer)

    return fault


def each(change):
    """Every choice of the usual answer changed."""
    return changed(lambda answer: [change(choice) for choice in answer["choices"]] and None)


def put(key, value):
    return each(lambda choice: choice.update({key: value}))


def hang(handler, body):
    time.sleep(30 * DEADLINE)


def drip(handler, body):
    text = FAKE["json"].dumps(handler.usual(body)[1]).encode()
    handler.head(200, len(text))
    for at in range(len(text)):
        handler.wfile.write(text[at : at + 1])
        time.sleep(DEADLINE / 10)


def drip_headers(handler, body):
    for letter in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n" + b"X" * 300:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(DEADLINE / 10)


def silent_end(handler, body):
    handler.close_connection = True


def half(handler, body):
    """Died in the middle of the answer."""
    text = FAKE["json"].dumps(handler.usual(body)[1]).encode()
    handler.head(200, len(text))
    handler.wfile.write(text[: len(text) // 2])
    handler.close_connection = True


def truncated(handler, body):
    handler.reply(200, FAKE["json"].dumps(handler.usual(body)[1])[:-20])


def restarted(handler, body):
    handler.server.forget()
    handler.reply(*handler.usual(body))


def older(handler, body):
    """Another replica, which has not taken over the new version, answers as the old one."""
    code, answer = handler.usual(body)
    handler.reply(code, {**answer, "model": handler.server.before})


def loaded_but(code):
    def fault(handler, body):
        handler.usual(body)
        handler.reply(code, "internal error")

    return fault


def logps(change):
    return each(lambda choice: choice["logprobs"].update(token_logprobs=change(choice["logprobs"]["token_logprobs"])))


DRILLS = {
    # what is answered by another try
    "500 once": ("completions", [status(500)], None),
    "502 once": ("completions", [status(502)], None),
    "503 once": ("completions", [status(503)], None),
    "429 with Retry-After": ("completions", [status(429, Retry_After="0.05")], None),
    "429 without": ("completions", [status(429)], None),
    "no answer once": ("completions", [silent_end], None),
    "died in the middle once": ("completions", [half], None),
    "truncated JSON once": ("completions", [truncated], None),
    "restarted, adapters gone": ("completions", [restarted], None),
    "choices out of order": ("completions", [changed(lambda a: a["choices"].reverse())], None),
    "loading fails once": ("load_lora_adapter", [status(500)], None),
    "loaded, but the answer is lost": ("load_lora_adapter", [loaded_but(500)], None),
    "unloading fails": ("unload_lora_adapter", [status(500)] * 4, None),
    "unloading hangs": ("unload_lora_adapter", [hang] * 4, None),
    "the old one is gone already": ("unload_lora_adapter", [loaded_but(404)], None),
    # what is one clear line
    "500 always": ("completions", [status(500, "out\nof memory")] * 9, "refused with status 500: out of memory"),
    "429 for longer than there is time": ("completions", [status(429, Retry_After="30")] * 9, "status 429"),
    "400": ("completions", [status(400, "bad request")] * 9, "refused with status 400"),
    "401": ("completions", [status(401, "Unauthorized")] * 9, "refused with status 401"),
    "404 always": ("completions", [status(404, "no such model")] * 9, "refused with status 404"),
    "redirect": ("completions", [status(307, "", Location="http://elsewhere/")] * 9, "redirect .*'elsewhere'"),
    "no answer always": ("completions", [silent_end] * 9, "Is the server running"),
    "hangs": ("completions", [hang] * 9, "no whole answer within"),
    "slow drip": ("completions", [drip] * 9, "no whole answer within"),
    "slow drip of headers": ("completions", [drip_headers] * 9, "no whole answer within"),
    "dies in the middle always": ("completions", [half] * 9, "Is the server running"),
    "truncated JSON always": ("completions", [truncated] * 9, "Is the server running"),
    "no JSON": ("completions", [status(200, "<html>")] * 9, "Is the server running"),
    "nothing": ("completions", [status(200, "")] * 9, "Is the server running"),
    "a list": ("completions", [status(200, [])] * 9, "expected a JSON object"),
    "no choices": ("completions", [changed(lambda a: a.pop("choices") and None)] * 9, "4 choices were asked for"),
    "too few": ("completions", [changed(lambda a: a["choices"].pop() and None)] * 9, "4 choices were asked for"),
    "too many": ("completions", [changed(lambda a: a["choices"].append(a["choices"][0]))] * 9, "4 choices were asked"),
    "choices are texts": ("completions", [changed(lambda a: {**a, "choices": ["a"] * 4})] * 9, "4 choices were asked"),
    "the same choice twice": ("completions", [put("index", 0)] * 9, "numbered its choices"),
    "no token ids": ("completions", [put("token_ids", None)] * 9, "gave no token ids"),
    "tokens as texts": ("completions", [put("token_ids", ["a"])] * 9, "gave no token ids"),
    "no tokens": ("completions", [put("token_ids", [])] * 9, "gave no token ids"),
    "a token of another model": ("completions", [put("token_ids", [10**6])] * 9, "does it serve the same model"),
    "a negative token": ("completions", [put("token_ids", [-1])] * 9, "does it serve the same model"),
    "more tokens than asked for": ("completions", [put("token_ids", [5] * 13)] * 9, "at most 12 were asked for"),
    "no log-probabilities": ("completions", [put("logprobs", None)] * 9, "no finite log-probability"),
    "too few of them": ("completions", [logps(lambda given: given[:-1])] * 9, "no finite log-probability"),
    "NaN among them": ("completions", [logps(lambda given: [math.nan, *given[1:]])] * 9, "no finite log-probability"),
    "-inf among them": ("completions", [logps(lambda given: [-math.inf, *given[1:]])] * 9, "no finite log-prob"),
    "null among them": ("completions", [logps(lambda given: [None, *given[1:]])] * 9, "no finite log-probability"),
    "probabilities above 1": ("completions", [logps(lambda given: [3.0, *given[1:]])] * 9, "no finite log-prob"),
    "aborted": ("completions", [put("finish_reason", "abort")] * 9, "ended a completion with 'abort'"),
    "not ended": ("completions", [put("finish_reason", None)] * 9, "ended a completion with None"),
    "another prompt": ("completions", [put("prompt_token_ids", [1, 2])] * 9, "read another prompt"),
    "answers as the base": ("completions", [changed(lambda a: {**a, "model": "base-model"})] * 9, "no version of this"),
    "answers without a name": ("completions", [changed(lambda a: a.pop("model") and None)] * 9, "no version of this"),
    "an old version answers": ("completions", [older] * 9, "1 versions behind, and max_staleness=0"),
    "loading is refused": ("load_lora_adapter", [status(404, "Not Found")] * 9, "VLLM_ALLOW_RUNTIME_LORA_UPDATING"),
    "loading always fails": ("load_lora_adapter", [status(500, "rank 64 > 16")] * 9, "rank 64 > 16.*--max-lora-rank"),
    "loading hangs": ("load_lora_adapter", [hang] * 9, "did not take over .* no whole answer within"),
}


@pytest.fixture(scope="module")
def drilled(folder):
    """One server and one role for all drills: each leaves them ready to go on."""
    with FakeServer(folder) as server:
        served = Served(folder, server)
        yield server, served
        server.faults = {}
        served.sampler.close()
        assert not server.loaded


@pytest.mark.parametrize("drill", DRILLS)
def test_a_fault_ends_right_or_in_one_clear_line(drilled, drill):
    end, faults, message = DRILLS[drill]
    server, served = drilled
    server.faults, server.seen = {}, []
    served.waits.clear()
    served.step()
    (server.before,) = server.loaded
    server.faults[end] = list(faults)
    slow = set(faults) & {hang, drip, drip_headers} or "longer" in drill
    if slow:
        served.gives(DEADLINE)
    before, begun = served.weights(), time.monotonic()
    if message is None:
        metrics = served.step(1)
        assert metrics.updates == 1
        assert metrics.staleness == 0
        assert metrics.sampler_gap < 1e-5
    else:
        with pytest.raises(ServerError, match=message) as caught:
            served.step(1)
        assert "\n" not in str(caught.value)
        assert all(torch.equal(value, before[name]) for name, value in served.weights().items())
    assert time.monotonic() - begun < 3 * DEADLINE + SLACK
    served.gives(60)
    if drill == "429 with Retry-After":
        assert served.waits == [0.05]
    server.faults = {}
    metrics = served.step(2)  # and it goes on
    assert (metrics.updates, metrics.staleness) == (1, 0)
    assert len(server.loaded) == 1


def test_there_are_as_many_drills_as_promised():
    assert len(DRILLS) >= 30


def test_an_old_version_trains_only_if_that_is_allowed(folder, server):
    served = Served(folder, server, max_staleness=1)
    served.step()
    (server.before,) = server.loaded
    served.agent.act(PROMPTS, seed=0)  # the newest is taken over
    server.faults["completions"] = [older] * 2
    metrics = served.step(1)
    assert (metrics.updates, metrics.staleness) == (1, 1)
    for _ in range(2):
        moved(served.agent)
        served.agent.act(PROMPTS, seed=0)
    server.faults["completions"] = [older] * 9
    with pytest.raises(ServerError, match="versions behind, and max_staleness=1"):
        served.step(2)


def test_a_server_that_is_gone_is_named(folder):
    with FakeServer(folder) as server:
        served = Served(folder, server)
    with pytest.raises(ServerError, match=r"did not take over .*Is the server running"):
        served.step()
    served.sampler.close()  # nobody to tell


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vllm", "vllm is given a server"),
        ("vllm(url=http://x/v1, engine=m)", "vllm is given a server"),
        ("vllm(url=x)", "must start with http"),
        ("vllm(url=http://x/v1, max_staleness=-1)", "max_staleness"),
        ("vllm(url=http://x/v1, max_staleness=0.5)", "max_staleness"),
        ("vllm(url=http://x/v1, lora=yes)", "lora must be true or false"),
        ("vllm(url=http://x/v1, timeout_s=0)", "timeout_s"),
        ("vllm(url=http://x/v1, tries=0)", "tries"),
        ("vllm(url=http://x/v1, parallel=0)", "parallel"),
        ("vllm(url=http://x/v1, dtype=half)", "no option 'dtype'"),
        ("vllm(url=http://x/v1, adapters=/dev/null/x)", "adapters cannot be written"),
        ("openai(url=http://x/v1, model=m, prompts=words)", "'tokens' or 'text'"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(folder, text, message):
    (agent,) = roles(folder)
    with pytest.raises(ConfigError, match=message):
        make_sampler(text, agent=agent)
