"""Real runs without a model: scripted agents of rising skill play the roles, and everything else is the product."""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch

from selfplay_gym.agents.inference.token_count import TokenCount
from selfplay_gym.agents.training.config import GRPOConfig, StepMetrics
from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.run import train as training
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.run.run import Interrupted, SelfPlay
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.checkpoint import check_checkpoint, load_optimiser, save_checkpoint
from selfplay_gym.selfplay.storage.run_folder import LOGS, RunFolder

CONFIG = preset("debug").replace(
    {
        "labels.attempts": 8,
        "questions.count": 40,
        "roles.challenger.steps": 3,
        "roles.solver.steps": 4,
        "exam.questions": 60,
        "guard.mode": "on",
    }
)
SKILLS = (0.2, 0.4, 0.6)


def tallied(counted: TokenCount, prompts, groups):
    """The same completions, counted as a model does; a character is a token."""
    counted.read += sum(map(len, prompts))
    counted.sampled += sum(len(text) for group in groups for text in group)
    return groups


class ScriptedSolver:
    """Answers right with a probability that grows with the rounds it was trained for."""

    def __init__(self, skills: tuple[float, ...], rounds: int = 0) -> None:
        self.skills, self.rounds, self.name, self.counted = skills, rounds, "noisy", TokenCount()

    def act(self, prompts, *, n=1, seed=None):
        skill = self.skills[min(self.rounds, len(self.skills) - 1)]
        return tallied(self.counted, prompts, make_agent("noisy", skill=skill).act(prompts, n=n, seed=seed))

    def save_pretrained(self, folder: Path) -> None:
        (folder / "rounds.json").write_text(json.dumps(self.rounds))


class ScriptedChallenger:
    """Writes procedural questions, changed by whoever looks for trouble."""

    def __init__(self, proposals: Callable[[list[str]], list[str]]) -> None:
        self.agent, self.proposals = make_agent("generator", low=0.1, high=0.7), proposals
        self.counted = TokenCount()

    def act(self, prompts, *, n=1, seed=None):
        groups = [self.proposals(texts) for texts in self.agent.act(prompts, n=n, seed=seed)]
        return tallied(self.counted, prompts, groups)

    def save_pretrained(self, folder: Path) -> None:
        (folder / "rounds.json").write_text("0")


class ScriptedTrainer:
    """Takes a step as a GRPO trainer does, but for the update: completions are drawn and rewarded."""

    def __init__(self, agent, steps: int) -> None:
        self.agent, self.steps, self.taken = agent, steps, 0
        self.parameters, self.reference, self.learning_rate, self.config = {}, None, 1e-4, GRPOConfig()

    def step(self, prompts, reward_fn, *, samples, seed, dynamic_sampling=None) -> StepMetrics:
        groups = self.agent.act(prompts, n=samples, seed=seed)
        rewards = reward_fn(prompts, groups)
        self.agent.counted.trained += sum(len(text) for group in groups for text in group)
        values = [value for row in rewards for value in row]
        self.taken += 1
        if self.taken % self.steps == 0 and hasattr(self.agent, "rounds"):
            self.agent.rounds += 1
        return StepMetrics(
            mean_reward=sum(values) / len(values),
            kl=0.001 * self.taken,
            entropy=1.0,
            mean_length=30.0,
            rows_trained=len(values),
            zero_variance_share=sum(len(set(row)) == 1 for row in rewards) / len(rewards),
            updates=1,
            learning_rate=self.learning_rate,
        )


class ScriptedRole:
    """A row of the table of roles that needs no model."""

    def __init__(self, name: str, agent, steps: int) -> None:
        self.name, self.agent, self.trainer, self.saves = name, agent, ScriptedTrainer(agent, steps), (name,)

    def close(self) -> None:
        """It holds nothing elsewhere."""

    def save(self, path: Path) -> None:
        save_checkpoint(path, self.agent, {"taken": torch.tensor([self.trainer.taken])})


def scripted_roles(skills=SKILLS, proposals: Callable[[list[str]], list[str]] = lambda texts: texts):
    """What builds the roles of a run, for `SelfPlay(build=…)`."""

    def build(config: RunConfig, names, checkpoints, references=None):
        roles = {}
        for name in names:
            agent = ScriptedChallenger(proposals) if name == "challenger" else ScriptedSolver(skills)
            if name in checkpoints and name != "challenger":
                agent.rounds = json.loads((checkpoints[name] / "rounds.json").read_text())
            roles[name] = ScriptedRole(name, agent, config.roles[name].steps)
            if name in checkpoints:
                check_checkpoint(checkpoints[name])
                roles[name].trainer.taken = int(load_optimiser(checkpoints[name])["taken"])
        return roles

    return build


def play(config: RunConfig, folder: RunFolder, build, stop: Callable[[SelfPlay], bool]) -> None:
    """Play a new run with scripted roles until it is done, or `stop` says so between two steps."""
    run = make_run(config, folder, stop=lambda: stop(run), build=build)
    folder.begin(to_toml(config), describe_environment())
    try:
        run.run()
    except Interrupted:
        assert stop(run)
    finally:
        if isinstance(run, SelfPlay):
            run.workers.close()


@pytest.fixture(scope="session")
def scripted_roles_of() -> Callable[..., Any]:
    """See `scripted_roles`."""
    return scripted_roles


@pytest.fixture(scope="session")
def scripted_run() -> Callable[..., RunFolder]:
    """`scripted_run(path, rounds=2, until="done", skills=…, proposals=…)` writes a run folder in about a second.

    `until` names the stage of the next round at which the run was stopped; `proposals` changes what challengers wrote,
    `questions` of them per round; `changes` are settings.
    """

    def write(
        path: Path,
        rounds: int = 2,
        until: str = "done",
        skills: tuple[float, ...] = SKILLS,
        proposals: Callable[[list[str]], list[str]] = lambda texts: texts,
        questions: int = 40,
        changes: Mapping[str, Any] = MappingProxyType({}),
    ) -> RunFolder:
        played = rounds if until == "done" else rounds + 1
        config = CONFIG.replace({"rounds": max(played, 1), "questions.count": questions}).replace(changes)
        folder = RunFolder.vacant(path)
        play(
            config,
            folder,
            scripted_roles(skills, proposals),
            stop=lambda run: until != "done" and (run.round, run.phase) == (played, until),
        )
        return folder

    return write


@pytest.fixture(scope="session")
def resume_scripted() -> Callable[[Path], RunFolder]:
    """`resume_scripted(path)` plays a scripted run to its end as `train --resume` would."""

    def resume(path: Path) -> RunFolder:
        honest = training.make_run
        training.make_run = partial(honest, build=scripted_roles())
        try:
            return training.train({}, path, resume=True)
        finally:
            training.make_run = honest

    return resume


@pytest.fixture(scope="session")
def finished_run(scripted_run, tmp_path_factory) -> RunFolder:
    """Two rounds in which the solver gets better; read it, do not write it."""
    return scripted_run(tmp_path_factory.mktemp("scripted") / "run")


@pytest.fixture(scope="session")
def stopped_run(scripted_run, tmp_path_factory) -> Callable[[str], RunFolder]:
    """`stopped_run(stage)`: a run that was stopped in its first round, before that stage; read it, do not write it."""
    path = tmp_path_factory.mktemp("stopped")
    return cache(lambda until: scripted_run(path / until, rounds=0, until=until))


@pytest.fixture(scope="session")
def untrained_model(tmp_path_factory) -> Path:
    """The folder of a model of the embedded shape that has learnt nothing."""
    from selfplay_gym.agents.models.tiny import build_model, build_tokenizer

    folder = tmp_path_factory.mktemp("untrained")
    build_model(0).save_pretrained(folder)
    build_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def logged() -> Callable[[Path], dict[str, list[Any]]]:
    """`logged(path)`: the rows of all logs of a run but the clock's."""

    def rows(path):
        folder = RunFolder.open(path)
        return {name: list(folder.rows(name)) for name in LOGS if name != "timings"}

    return rows


@pytest.fixture
def power_cut(monkeypatch) -> Callable[..., Any]:
    """`with power_cut(5): …`: the run inside ends by a crash at its fifth commit: after it, or, where a log is named by
    `only`, when that log alone had reached the disk."""

    @contextmanager
    def cut(commit, only=None):
        honest, calls = RunFolder.commit, []

        def crashing(self, state):
            calls.append(1)
            if len(calls) == commit and only is not None:
                self._append(only)
                raise SystemError("power cut")
            honest(self, state)
            if len(calls) == commit:
                raise SystemError("power cut")

        with monkeypatch.context() as patched:
            patched.setattr(RunFolder, "commit", crashing)
            with pytest.raises(SystemError, match="power cut"):
                yield

    return cut


# --- reviews ---

GATES = [
    {"at": "generate", "on": "random", "least": 2},
    {"at": "label", "on": "disagreement", "sample": 0.1, "least": 3},
    {"at": "label", "on": "low-margin", "kind": "pair", "least": 3},
    {"at": "label", "on": "random", "kind": "attempt", "least": 10},
]
REVIEWED = {
    "gates": GATES,
    "guard.mode": "off",
    "labels.attempts": 4,
    "roles.solver.steps": 2,
    "stages": ["generate", "review(generate, wait=false)", "attempt", "label", "review(wait=false)", "train(solver)"],
}


@pytest.fixture(scope="session")
def open_run(scripted_run, tmp_path_factory):
    """The folder of a finished run of two rounds with 25 items; read it, do not write it."""
    path = tmp_path_factory.mktemp("reviewed") / "run"
    return scripted_run(path, rounds=2, questions=16, changes=REVIEWED)


@pytest.fixture
def run(open_run, tmp_path):
    """The same, to be written to."""
    shutil.copytree(open_run.path, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")
