"""Actors of Ray as workers: order, losses, errors; samples that do not depend on how many there are.

Needs the extra `ray`, which is too large for the extra `test`.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from selfplay_gym.agents.load import load_agent
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.registries import make_sampler
from selfplay_gym.selfplay.commands.verify import verify_file
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.settings.presets import preset

pytest.importorskip("ray", reason="Ray is not installed: pip install 'selfplay-gym[ray]'")

from selfplay_gym.agents.workers.ray_workers import RayWorkers, end_lasting_workers, open_workers


def descendants():
    """Processes below this one whose name is that of a worker."""
    parents = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if folder.name.isdigit():
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    below, found = {os.getpid()}, []
    for _ in range(4):  # Ray's own processes stand between
        below |= {pid for pid, parent in parents.items() if parent in below}
    for pid in below:
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ray::_Actor"):
                found.append(pid)
    return found


def cpu_seconds(pid):
    """What a process has computed; 0 if it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]) / os.sysconf("SC_CLK_TCK")
    return 0.0


@contextlib.contextmanager
def killing(times, after_cpu_s):
    """Kill workers, each once it has computed so long: imports alone take seconds. Gives those that were killed."""
    killed, over, draw = [], threading.Event(), random.Random(0)

    def kill():
        while len(killed) < times and not over.wait(0.1):
            alive = [pid for pid in descendants() if pid not in killed and cpu_seconds(pid) > after_cpu_s]
            if alive:
                killed.append(draw.choice(sorted(alive)))
                with contextlib.suppress(ProcessLookupError):
                    os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


@pytest.fixture(scope="module")
def workers():
    made = open_workers(2)
    yield made
    made.close()
    end_lasting_workers()
    assert not descendants()


def test_order_errors_and_state(workers, squares, tmp_path):
    log = tmp_path / "log"
    assert list(workers.map(squares(log), range(-9, -3))) == [n * n for n in range(-9, -3)]
    assert max(int(line.split()[2]) for line in log.read_text().splitlines()) > 1
    with pytest.raises(UnknownNameError, match="unknown number '-1'"):
        list(workers.map(squares(log), [1, -1]))
    assert list(workers.map(squares(log), [])) == []


def test_killed_workers_are_replaced(workers, squares, tmp_path):
    log, killed, results = tmp_path / "log", set(), []
    for square in workers.map(squares(log), range(100, 200)):
        results.append(square)
        last = int(log.read_text().split("\n")[-2].split()[0])
        if len(killed) < 3 and last not in killed:
            os.kill(last, signal.SIGKILL)
            killed.add(last)
    assert results == [n * n for n in range(100, 200)]
    assert len(killed) == 3


def test_a_cluster_that_is_not_there_and_a_second_one():
    with pytest.raises(ConfigError, match="one cluster"):
        list(RayWorkers(1, "127.0.0.1:1").map(abs, [1]))
    with pytest.raises(ConfigError, match="gpus"):
        RayWorkers(1, gpus=-1)


@pytest.fixture(scope="module")
def agent():
    return load_agent("tiny", max_new_tokens=40)


PROMPTS = [f"What is {n} + {n * 7 % 90}?" * (1 + n % 3) for n in range(50)]


@pytest.mark.parametrize("temperature", [0, 1])
def test_one_two_and_no_workers_say_the_same(workers, agent, temperature):
    agent = agent.with_settings(temperature=temperature)
    here = agent.sample(PROMPTS, n=3, seed=5)
    found = []
    for count in (1, 2):
        sampler = make_sampler(f"ray(workers={count}, rows=32)", agent=agent)
        found.append(agent.with_settings(sampler=sampler).sample(PROMPTS, n=3, seed=5))
        assert found[-1].texts == here.texts
        assert torch.allclose(found[-1].logps, here.logps, atol=1e-4)
        assert torch.equal(found[-1].finished, here.finished)
    assert torch.equal(found[0].tokens, found[1].tokens)
    assert torch.equal(found[0].logps, found[1].logps)


def test_workers_follow_the_weights(workers, agent):
    twin = agent.with_settings(sampler=make_sampler("ray(workers=2, rows=32)", agent=agent))
    before = twin.sample(PROMPTS, n=2, seed=5)
    weights = {name: value.clone() for name, value in agent.model.state_dict().items()}
    for factor in (1.05, 0.9):
        with torch.no_grad():
            for parameter in agent.model.parameters():
                parameter.data.mul_(factor)  # behind autograd's back: no version is counted
        moved, here = twin.sample(PROMPTS, n=2, seed=5), agent.sample(PROMPTS, n=2, seed=5)
        assert moved.texts == here.texts != before.texts
    agent.model.load_state_dict(weights)
    assert twin.sample(PROMPTS, n=2, seed=5).texts == before.texts
    with killing(2, 3.0) as killed:
        for _ in range(8):
            assert twin.sample(PROMPTS, n=2, seed=5).texts == before.texts
    assert killed


def test_a_prompt_that_cannot_be_read_and_none(workers, agent):
    twin = agent.with_settings(sampler=make_sampler("ray(workers=2, rows=32)", agent=agent))
    prompts = ["1 + 1", "9" * 5000, "2 + 2"]
    assert twin.sample(prompts, n=2, seed=1).texts == agent.sample(prompts, n=2, seed=1).texts
    assert twin.sample([], n=2, seed=1).texts == []


def attempts_file(path, lines):
    draw = random.Random(0)
    rows = [
        {
            "question": f"q{n}",
            "reference": draw.choice([f"\\frac{{{n}}}{{7}}", f"x^2+{n}x", f"{n}\\sqrt{{3}}"]),
            "attempts": [f"\\boxed{{{draw.choice([f'{n}/7', f'x(x+{n})', f'3{n}'])}}}" for _ in range(4)],
        }
        for n in range(lines)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_verify_writes_the_same(workers, tmp_path):
    source = attempts_file(tmp_path / "in.jsonl", 300)
    verify_file(source, tmp_path / "here.jsonl")
    verify_file(source, tmp_path / "ray.jsonl", workers=workers)
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "here.jsonl").read_bytes()


# --- whole runs ---

LOGS = ("questions", "attempts", "labels", "metrics", "guard")
SMALL = {
    "rounds": 1,
    "questions.count": 24,
    "exam.questions": 16,
    "roles.challenger.groups": 3,
    "roles.*.max_new_tokens": 40,
}


def played(path, changes):
    train(preset("debug").replace({**SMALL, **changes}), path)
    return {log: (path / f"{log}.jsonl").read_bytes() for log in LOGS}


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["copies", "lora", "prompt", "tokens"])
def test_runs_of_one_and_two_workers_are_equal_to_the_byte(workers, tmp_path, sharing):
    found = []
    for count in (1, 2):
        own = {"compute.sampler": f"ray(workers={count}, rows=16)", "compute.workers": f"ray({count})"}
        found.append(played(tmp_path / str(count), {**own, "roles.*.weight_sharing": sharing}))
    assert found[0] == found[1]
    assert found[0]["attempts"]


@pytest.mark.slow
def test_twenty_killed_workers_change_nothing(workers, tmp_path):
    source = attempts_file(tmp_path / "in.jsonl", 20_000)
    verify_file(source, tmp_path / "here.jsonl")
    with killing(20, 2.0) as killed:
        done = 0
        while len(killed) < 20:
            target = tmp_path / f"ray{done}.jsonl"
            verify_file(source, target, workers=workers)
            assert target.read_bytes() == (tmp_path / "here.jsonl").read_bytes()
            done += 1


@pytest.mark.slow
def test_a_run_with_killed_workers_is_equal_to_the_byte(workers, tmp_path):
    own = {"compute.sampler": "ray(workers=2, rows=16)", "compute.workers": "ray(2)"}
    calm = played(tmp_path / "calm", own)
    with killing(5, 4.0) as killed:
        assert played(tmp_path / "killed", own) == calm
    assert len(killed) >= 2


def test_a_process_that_forgets_its_workers_ends_well():
    """Ray ends by itself at the end of a process; a call of Ray after that would start it anew."""
    forgets = "print(*lasting_workers(1).map(abs, [-1, -2]))"
    code = f"from selfplay_gym.agents.workers.ray_workers import lasting_workers; {forgets}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()) == (0, ["1", "2"]), done.stderr
    assert "Traceback" not in done.stderr
