"""A light installation: all but language models works without torch, and each wrong use of it is one helpful line.

The packages that such an installation leaves out are hidden from a process of its own; tests/test_installation.py makes
a real one.
"""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import selfplay_gym
from selfplay_gym.agents.packages import LEFT_OUT

ROOT = Path(selfplay_gym.__file__).parent
HIDDEN = (
    *LEFT_OUT,
    *("accelerate", "datasets", "huggingface_hub", "pandas", "peft", "reasoning_gym", "starlette", "tensorboard"),
    *("torchvision", "trl", "uvicorn"),
)
HIDE = f"""
import sys

class Hiding:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        hidden = name.partition(".")[0] in {HIDDEN}
        return None if hidden else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path = [Hiding(finder) for finder in sys.meta_path]
"""
PLAY = """
import json
import gymnasium as gym
import selfplay_gym
from selfplay_gym.cli import main
from selfplay_gym.envs import aec_env
from selfplay_gym.verifiers.sandbox import probe

found = {}
env = gym.make("SelfPlayMath-v0", render_mode="ansi")
question, _ = env.reset(seed=0)
answer = selfplay_gym.make_agent("oracle").act([question])[0][0]
found["reward"] = env.step(answer)[1]
found["drawn"] = len(env.render())
env = gym.make("SelfPlayMath-v0", role="challenger", opponent={"name": "noisy", "skill": 0.5})
env.reset(seed=0)
found["solve rate"] = env.step("<question>What is 12+7*3?</question> \\\\boxed{33}")[4]["solve_rate"]
env = gym.make_vec("SelfPlayMath-v0", num_envs=4)
found["group"] = len(env.reset(seed=0)[0])
aec = aec_env()
aec.reset(seed=0)
found["first seat"] = aec.agent_selection
question = selfplay_gym.Question("What is 1/2+1/4?", reference="3/4")
verdict = selfplay_gym.make_verifier("sympy").judge(question, ["\\\\boxed{0.75}"]).verdicts[0]
found["verdict"] = verdict.outcome.value
found["isolation"] = probe().level
env = gym.make("SelfPlayCode-v0")
found["program asked"] = len(env.reset(seed=0)[0])
found["exam"] = selfplay_gym.exam(selfplay_gym.make_agent("oracle"), questions=8, samples=2).accuracy.value
found["rounds"] = selfplay_gym.RunConfig().rounds
for command in COMMANDS:
    found[command[0]] = main(command)
found["hidden"] = [name for name in HIDDEN if name in sys.modules]
print(json.dumps(found))
"""


def light(code, *, cwd):
    """The JSON in the last line that a process without the hidden packages prints."""
    done = subprocess.run(
        [sys.executable, "-c", HIDE + code], capture_output=True, text=True, timeout=300, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_everything_but_language_models_works(finished_run, tmp_path):
    run = f"{tmp_path / 'run'}"
    shutil.copytree(finished_run.path, run)
    commands = [
        ["exam", "oracle", "--questions", "8", "--samples", "2"],
        ["play", "--solver", "noisy"],
        ["bench", "oracle", "random", "--limit", "4", "--samples", "2", "--out", "out", "--cache", "cache"],
        ["report", run],
        ["list"],
        ["doctor"],
    ]
    found = light(f"HIDDEN = {HIDDEN}\nCOMMANDS = {commands}\n{PLAY}", cwd=tmp_path)
    assert {name: found[name] for name in ("exam", "play", "bench", "report", "list", "doctor")} == {
        "exam": 0, "play": 0, "bench": 0, "report": 0, "list": 0, "doctor": 0,
    }  # fmt: skip
    assert found["reward"] == 1.0
    assert found["verdict"] == "correct"
    assert found["hidden"] == []
    assert 0 <= found["solve rate"] <= 1
    assert found["group"] == 4
    assert found["first seat"] == "challenger_0"
    assert min(found["drawn"], found["program asked"], found["rounds"]) > 0
    assert "<svg" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "bench.html").is_file()


REQUIRED, MODELS_MISSING = "pip install selfplay-gym", "which is not installed: pip install selfplay-gym"
WRONG_USES = [
    (["exam", "tiny"], "the agent 'tiny' needs 'torch', " + MODELS_MISSING),
    (["exam", "frontier"], REQUIRED),
    (["exam", "smollm2"], "the model 'smollm2' needs 'torch'"),
    (["exam", "owner/model"], REQUIRED),
    (["exam", "tiny(temperature=0.5)"], REQUIRED),
    (["exam", "llm:tiny"], REQUIRED),
    (["exam", "a-model-folder"], REQUIRED),
    (["play"], "the agent 'tiny' needs 'torch', " + MODELS_MISSING),
    (["play", "--solver", "noisy", "--challenger", "tiny"], REQUIRED),
    (["train"], "training needs 'torch', " + MODELS_MISSING),
    (["train", "--preset", "frontier"], REQUIRED),
    (["train", "--env", "SelfPlayCode-v0"], REQUIRED),
    (["train", "--resume", "--run-dir", "run"], REQUIRED),
    (["train", "--set", "trackers=tensorboard"], REQUIRED),
    (["train", "--watch"], "pip install 'selfplay-gym[watch]'"),
    (["watch", "run"], "pip install 'selfplay-gym[watch]'"),
    (["warmup"], "a base model from scratch needs 'torch'"),
    (["ablate"], REQUIRED),
    (["bench", "oracle", "tiny"], REQUIRED),
    (["bench", "oracle+tiny"], REQUIRED),
    (["bench", "sb3:policy.zip", "--suite", "env:SelfPlayTeacher-v0"], "pip install 'selfplay-gym[sb3]'"),
    (["bench", "oracle", "--suite", "rg:chain_sum"], "pip install 'selfplay-gym[rg]'"),
    (["diagnose", "run"], REQUIRED),
    (["exam", "gpt-4o"], "openai:gpt-4o@https://HOST/v1"),
    (["exam", "no-such-agent"], "Known: coalition, coder, echo"),
    (["play", "--solver", "nosy"], "Did you mean 'noisy'?"),
    (["report", "nowhere"], "start one with: selfplay-gym train"),
]
ASK = """
import contextlib, io, json
from selfplay_gym.cli import main

answers = []
for command in COMMANDS:
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        code = main(command)
    answers.append([code, errors.getvalue()])
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def wrong_uses(finished_run, untrained_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong")
    shutil.copytree(finished_run.path, folder / "run")
    shutil.copytree(untrained_model, folder / "a-model-folder")
    before = set(folder.rglob("*"))
    answers = light(f"COMMANDS = {[command for command, _ in WRONG_USES]}\n{ASK}", cwd=folder)
    return answers, sorted(str(path.relative_to(folder)) for path in set(folder.rglob("*")) - before)


@pytest.mark.parametrize("number", range(len(WRONG_USES)), ids=lambda number: " ".join(WRONG_USES[number][0]))
def test_a_wrong_use_is_one_line_that_helps(wrong_uses, number):
    code, error = wrong_uses[0][number]
    assert code == 2
    assert error.startswith("error: ")
    assert error.count("\n") == 1, error
    assert WRONG_USES[number][1] in error


def test_a_wrong_use_writes_nothing(wrong_uses):
    assert wrong_uses[1] == []


def test_the_list_of_the_light_installation_is_what_is_required_without_models():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    rows = (ROOT / "requirements/light.txt").read_text(encoding="utf-8").splitlines()
    listed = [row for row in rows if not row.startswith("#")]
    required = [line for line in project["dependencies"] if re.split(r"\W", line.replace("-", "_"))[0] not in LEFT_OUT]
    assert listed == required
    assert len(project["dependencies"]) - len(listed) == len(LEFT_OUT)
