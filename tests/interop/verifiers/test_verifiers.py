"""verifiers validates and evaluates our taskset and our game of two, against a small endpoint in this process."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import gymnasium as gym
import pytest

import selfplay_gym
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Verdict
from selfplay_gym.core.registries import make_agent
from selfplay_gym.envs.game.domains import find_domain
from selfplay_gym.selfplay.run.labels import make_labeller

vf = pytest.importorskip(
    "verifiers.v1", reason="verifiers 0.4 is tested in an environment of its own: docs/interop_verifiers.md"
)

from verifiers.v1.graph import MessageNode  # noqa: E402

from selfplay_gym.interop.question_sets import question_set  # noqa: E402
from selfplay_gym.interop.rows import Graded, graded_of, row_of  # noqa: E402
from selfplay_gym.interop.verifiers.game import SelfPlayEnv, SelfPlayEnvConfig  # noqa: E402
from selfplay_gym.interop.verifiers.taskset import (  # noqa: E402
    SelfPlayConfig,
    SelfPlayData,
    SelfPlayTask,
    SelfPlayTaskset,
)

HttpServer = runpy.run_path(str(Path(__file__).parents[2] / "http_server.py"))["HttpServer"]
ROOT = Path(selfplay_gym.__file__).parent
PACKAGES = ROOT / "examples" / "selfplay_gym_vf"
INSTRUCTION = find_domain("math").template("plain").challenger
PROPOSAL = r"<question>What is 17 * 3 - 4?</question> \boxed{47}"


@contextmanager
def serving(proposals=(PROPOSAL,), broken=False):
    """An OpenAI-compatible server: proposals for challengers, answers of a solver of known skill for solvers.

    Args:
        proposals: given in turn.
        broken: answer everything with status 400.
    """
    solver, asked, lock = make_agent({"name": "noisy", "skill": 0.6}), [], threading.Lock()

    def said(prompt):
        with lock:
            asked.append(prompt)
            if prompt == INSTRUCTION:
                return proposals[(asked.count(INSTRUCTION) - 1) % len(proposals)]
            return solver.act([prompt], n=1, seed=len(asked))[0][0]

    def answer(request, body):
        message = {"role": "assistant", "content": said(body["messages"][-1]["content"])}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
        head = {"id": "x", "object": "chat.completion", "created": 0, "model": body["model"]}
        reply = {**head, "choices": [choice], "usage": usage}
        request.reply(reply, 400 if broken else 200, {"Content-Type": "application/json"})

    with HttpServer(answer) as server:
        yield server


def tool(name, *arguments, folder):
    """One of verifiers' own commands, in a process of its own; its output folder."""
    path = os.pathsep.join([str(ROOT.parent), str(PACKAGES)])
    done = subprocess.run(
        [sys.executable, str(Path(sys.executable).with_name(name)), *arguments, "-o", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "ANY_KEY": "x", "HOME": str(folder)},
        cwd=folder,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


def evaluated(server, *arguments, folder):
    """The episodes of `vf-eval`."""
    client = ["--client.base-url", server.url, "--client.api-key-var", "ANY_KEY", "-m", "mock"]
    tool("vf-eval", "selfplay-gym-vf", *arguments, *client, "--push", "False", "--rich", "None", folder=folder)
    (traces,) = folder.rglob("traces.jsonl")
    return [json.loads(line) for line in traces.read_text(encoding="utf-8").splitlines()], traces.parent


def trace_of(task, *replies):
    """A finished rollout of a task with these replies."""
    trace = vf.Trace(
        task=vf.TraceTask(type="SelfPlayTask", data=task.data, key=task.key, hash=task.hash),
        state=vf.State(),
        agent=vf.AgentInfo(config=vf.AgentConfig(runtime=vf.SubprocessConfig())),
    )
    for text in replies:
        trace.nodes.append(MessageNode(message=vf.AssistantMessage(content=text), sampled=True))
    return trace


def test_the_taskset_is_the_same_for_equal_settings_and_holds_the_exam_out():
    config = SelfPlayConfig(id="selfplay-gym-vf", size=12, seed=4)
    first, again = list(SelfPlayTaskset(config)), list(SelfPlayTaskset(config))
    exam = list(SelfPlayTaskset(config.model_copy(update={"split": "held_out"})))
    assert [task.data for task in first] == [task.data for task in again]
    assert {task.data.question for task in first}.isdisjoint(task.data.question for task in exam)
    assert all(task.data.question in task.data.prompt for task in first)
    assert len({task.key for task in first}) == 12


def test_sources_that_do_not_exist_are_refused():
    with pytest.raises(ConfigError, match="arithmetik"):
        SelfPlayTaskset(SelfPlayConfig(source="arithmetik")).load()


def test_a_thousand_odd_texts_earn_what_gymnasium_pays(texts):
    async def play():
        rewards = []
        for one, text in texts.attempts():
            task = SelfPlayTask(SelfPlayData(prompt="?", verifier=one.verifier, **row_of(one.question)))
            trace = trace_of(task, "something before", text)
            await task.score(trace)
            rewards.append(trace.reward)
        return rewards

    rewards = asyncio.run(play())
    assert rewards == texts.rewards()
    assert 0.2 < sum(rewards) / len(rewards) < 0.8


def test_odd_questions_come_through_the_data_of_a_task(texts, tmp_path):
    source = texts.write_rows(tmp_path / "own.jsonl", texts.odd_questions(seed=7))
    tasks = SelfPlayTaskset(SelfPlayConfig(source=source, split="held_out", size=None)).load()
    asked = question_set(source, ("held_out",)).splits["held_out"]
    read = [SelfPlayData.model_validate_json(task.data.model_dump_json()) for task in tasks]
    assert [graded_of(data.model_dump()).row() for data in read] == [one.row() for one in asked]
    assert [data.prompt for data in read] == [one.prompt() for one in asked]


def test_a_reply_is_judged_once_for_reward_and_metric(monkeypatch):
    judged = []
    monkeypatch.setattr(Graded, "judge", lambda self, text: judged.append(text) or Verdict.undecided("late"))
    (task,) = SelfPlayTaskset(SelfPlayConfig(size=1)).load()
    trace = trace_of(task, "one", "two")
    asyncio.run(task.score(trace))
    assert judged == ["two"]
    assert (trace.reward, trace.metrics) == (0.0, {"undecided": 1.0})


def test_who_says_nothing_earns_nothing():
    (task,) = SelfPlayTaskset(SelfPlayConfig(size=1)).load()
    for replies in ((), (None,), ("",)):
        trace = trace_of(task, *replies)
        asyncio.run(task.score(trace))
        assert trace.reward == 0.0


@pytest.mark.parametrize("labels", ["vote", "reference"])
def test_the_game_of_two_pays_by_the_rules(labels, monkeypatch):
    """The same texts through `Game` as Gymnasium's challenger has it."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    answers = [r"\boxed{47}", r"\boxed{47}", r"\boxed{46}", "no"]

    class Replies:
        def act(self, prompts, *, n=1, seed=None):
            return [answers[:n] for _ in prompts]

    source = "sympy" if labels == "reference" else labels
    verifier = make_labeller(find_domain("math"), source)
    env = gym.make("SelfPlayMath-v0", role="challenger", opponent=Replies(), verifier=verifier, attempts=4)
    config = {"taskset": {"id": "selfplay-gym-vf"}, "id": "selfplay-gym-game", "labels": source, "attempts": 4}
    game = SelfPlayEnv(SelfPlayEnvConfig.model_validate(config))
    for text in (PROPOSAL, "no question", "", "<question>\ud800</question> \\boxed{1}", "<question>2+2?</question>"):
        env.reset(seed=1)
        _, reward, _, _, info = env.step(text)
        played = game._played(text, answers)
        assert (played.reward.value, dict(played.reward.terms)) == (reward, info["reward_terms"])


@pytest.mark.slow
def test_its_validator_passes(tmp_path):
    tool(
        *("vf-validate", "selfplay-gym-vf", "-n", "6", "--runtime.type", "subprocess", "--rich", "False"),
        folder=tmp_path,
    )
    (summary,) = tmp_path.rglob("summary.json")
    assert json.loads(summary.read_text(encoding="utf-8"))["valid_rate"] == 1.0


@pytest.mark.slow
def test_an_evaluation_of_one_agent_scores_and_replays_alike(tmp_path):
    with serving() as server:
        options = ("-n", "6", "-r", "2", "--env.agent.runtime.type", "subprocess")
        episodes, run = evaluated(server, *options, folder=tmp_path)
    assert len(server.seen) == 12
    earned = {trace["id"]: trace["rewards"]["correct"]["score"] for episode in episodes for trace in episode["traces"]}
    assert len(earned) == 12
    assert 0.0 < sum(earned.values()) < 12.0
    replayed = tmp_path / "replayed"
    replayed.mkdir()
    tool("vf-replay", str(run), "--rich", "False", folder=replayed)
    (stored,) = replayed.rglob("traces.jsonl")
    rows = [json.loads(line) for line in stored.read_text(encoding="utf-8").splitlines()]
    traces = [trace for row in rows for trace in row.get("traces", [row])]
    assert {trace["id"]: trace["rewards"]["correct"]["score"] for trace in traces} == earned


@pytest.mark.slow
def test_an_evaluation_of_two_agents_rewards_both_and_asks_no_malformed_question(tmp_path):
    options = ("--env.id", "selfplay-gym-game", "-n", "2", "--env.attempts", "4", "-c", "1")
    with serving(proposals=[PROPOSAL, "I would rather not."]) as server:
        episodes, _ = evaluated(server, *options, folder=tmp_path)
    assert len(server.seen) == 6
    asked, malformed = sorted((episode["traces"] for episode in episodes), key=len, reverse=True)
    assert [trace["agent"]["name"] for trace in asked] == ["challenger", *["solver"] * 4]
    challenger, *solvers = asked
    rate = challenger["metrics"]["solve_rate"]
    assert sum(trace["rewards"]["correct"]["score"] for trace in solvers) == 4 * rate
    assert challenger["rewards"]["game"]["score"] == pytest.approx(min(rate, 1 - rate) * 2)
    assert challenger["metrics"]["malformed"] == 0.0
    (refused,) = malformed
    assert refused["rewards"]["game"]["score"] == 0.0
    assert refused["metrics"]["malformed"] == 1.0


@pytest.mark.slow
def test_a_failing_endpoint_rewards_nobody(tmp_path):
    options = ("--env.id", "selfplay-gym-game", "-n", "1", "--env.attempts", "2")
    with serving(broken=True) as server:
        ((episode,), _) = evaluated(server, *options, folder=tmp_path)
    assert episode["ok"] is False
    assert all(not trace["rewards"] for trace in episode["traces"])
