"""Collapse drills: the shipped tiny model in rounds that go wrong, with an acting guard and without one.

    python benchmarks/guard_drills.py --folder RUNS                       every drill, guarded and not, and the table
    python benchmarks/guard_drills.py --folder RUNS --drill rate --guard off --seed 1

One JSON line per run; runs whose result stands in the folder are not played again. The first round, and what a fault
spares, is ordinary self-play. Faults come in from outside, by names and objects the package lets anybody pass in:

    none       nothing goes wrong: what the same settings come to by themselves
    verifier   after the first round the solver is rewarded for the answers that do not match the label
    rate       the solver's learning rate is a hundred times that of the preset
    nan        the challenger's reward is no number for five steps, from its second one on
    repeats    after the first round the challenger writes the same 24 questions, which the base answers wrongly;
               neither keep band nor KL term hold the solver, and its steps are longer and more (control: "none, harsh")
    silence    after the first round the solver is rewarded for writing little, and most for no answer

The end is the exam of the solver a run leaves behind, the best the best exam held on the way; both on the same held-out
questions. A run that stops with an error leaves the solver it saved last.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from selfplay_gym.core.errors import SelfPlayError
from selfplay_gym.core.extraction import extract_answer
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.protocols import BaseVerifier, Verifier
from selfplay_gym.core.records import Judgement, Question, Verdict
from selfplay_gym.core.registries import make_reward, make_verifier, register_reward, verifiers
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.game.engine import solver_reward
from selfplay_gym.selfplay.guard import guard_events
from selfplay_gym.selfplay.roles.build import build_roles
from selfplay_gym.selfplay.roles.role import BuildRoles, Role
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.run.run import SelfPlay
from selfplay_gym.selfplay.run.train import make_run
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import to_toml
from selfplay_gym.selfplay.settings.tree import parse_assignments
from selfplay_gym.selfplay.storage.run_folder import RunFolder

BASE = RunConfig().replace(  # the published method: votes, so that labels may collapse
    {
        "rounds": 3,
        "questions.count": 128,
        "labels.attempts": 6,
        "roles.challenger": {"steps": 1, "groups": 4},
        "roles.solver": {"steps": 8, "groups": 24, "grpo": {"learning_rate": 3e-4}},
        "exam": {"questions": 128, "samples": 2},
        "guard.questions": 96,
        "guard.thresholds.kept_label_accuracy": 0.0,  # what is seen without looking at labels
        "storage.keep": 1,
    }
)


Score = Callable[[str, float], float]
"""An attempt and its honest score → another one."""


class Turning(BaseVerifier):
    """Rewards attempts honestly for a number of batches, and then by anything a function says, in [0, 1]."""

    def __init__(self, honest: Verifier, score: Score, after: int) -> None:
        self.honest, self.score, self.after, self.batches = honest, score, after, 0

    def judge_many(self, questions: Sequence[Question], groups: Sequence[Sequence[str]]) -> list[Judgement]:
        self.batches += 1
        judged = self.honest.judge_many(questions, groups)
        if self.batches <= self.after:
            return judged
        return [self._broken(attempts, honest) for attempts, honest in zip(groups, judged, strict=True)]

    def _broken(self, attempts: Sequence[str], honest: Judgement) -> Judgement:
        verdicts = [
            Verdict.correct(verdict.answer, "by a broken verifier", self.score(attempt, solver_reward(verdict)))
            for attempt, verdict in zip(attempts, honest.verdicts, strict=True)
        ]
        return Judgement.of(verdicts, label=honest.label, label_source=honest.label_source, valid=honest.valid)


def contrary(attempt: str, score: float) -> float:
    """What is right is wrong."""
    return 1.0 - score


def for_silence(attempt: str, score: float) -> float:
    """The shorter the better, and best without an answer."""
    return 1.0 if extract_answer(attempt) is None else 0.5 / (1.0 + len(attempt) / 10)


class Outage:
    """The reward of R-Zero, except that some of its calls give no number."""

    def __init__(self, begin: int = 1, end: int = 6) -> None:
        self.honest, self.begin, self.end, self.calls = make_reward("r-zero"), begin, end, 0

    def __call__(self, questions: Sequence[Any], judgements: Sequence[Any], attempts: Sequence[Any]) -> list[Any]:
        rewards = self.honest(questions, judgements, attempts)
        self.calls += bool(questions)
        out = self.begin < self.calls <= self.end
        return [reward._replace(value=float("nan")) for reward in rewards] if out else list(rewards)


register_reward("outage", Outage)


class Parrot:
    """A challenger that has a stock of questions, and from its second round on writes nothing else."""

    def __init__(self, agent: Any, stock: Sequence[str], rounds: list[int], batch: int) -> None:
        self.agent, self.stock, self.rounds, self.batch = agent, stock, rounds, batch

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        if n != self.batch:
            return self.agent.act(prompts, n=n, seed=seed)
        self.rounds.append(n)
        if len(self.rounds) == 1:
            return self.agent.act(prompts, n=n, seed=seed)
        return [[self.stock[i % len(self.stock)] for i in range(n)] for _ in prompts]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agent, name)


def stock(size: int = 24) -> list[str]:
    """Proposals the base answers wrongly: four products in a row, and equations without a whole solution."""
    rng, texts = python_stream(0, "stock"), []

    def digit() -> int:
        return 2 + int(8 * rng.random())

    while len(texts) < size:
        if len(texts) % 2:
            text = f"Solve for x: {2 * digit() + 1}x+{digit()}={digit() * digit()}."
        else:
            text = f"Find the value of {digit()}*{digit()}-{digit()}*{digit()}+{digit()}*{digit()}-{digit()}."
        if not is_held_out(key(text)):
            texts.append(text)
    return [f"<question>{text}</question> \\boxed{{0}}" for text in texts]


def parrots(config: RunConfig) -> BuildRoles:
    """Ordinary roles, but for a challenger that repeats itself."""
    rounds: list[int] = []

    def build(given: RunConfig, names: Sequence[str], *folders: Mapping[str, Path]) -> dict[str, Role]:
        roles = build_roles(given, names, *folders)
        challenger = roles["challenger"]
        challenger.agent = Parrot(challenger.agent, stock(), rounds, config.questions.count)  # type: ignore[assignment]
        return roles

    return build


@dataclass(frozen=True)
class Drill:
    """One way to go wrong: settings that differ, and whatever breaks.

    Attributes:
        alarms: what the guard must say, all of them.
        settings: what differs from `BASE`.
        score: what the solver is rewarded with once its verifier is broken.
        parrot: whether the challenger repeats itself.
        honest_rounds: rounds before the verifier breaks.
    """

    alarms: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    score: Score | None = None
    parrot: bool = False
    honest_rounds: int = 1

    def config(self, base: RunConfig, changes: Mapping[str, Any]) -> RunConfig:
        reward = {} if self.score is None else {"roles.solver.reward": "turning"}
        return base.replace({**reward, **self.settings, **changes})

    def run(self, config: RunConfig, folder: RunFolder) -> SelfPlay:
        """A run in which this goes wrong."""
        if self.score is not None:
            steps = self.honest_rounds * config.roles["solver"].steps
            broken = Turning(make_verifier("sympy"), self.score, steps)
            if "turning" in verifiers.names():
                verifiers.unregister("turning")
            verifiers.register("turning", lambda: broken)
        return make_run(config, folder, build=parrots(config) if self.parrot else build_roles)


HARSH = {"roles.*.grpo.kl_weight": 0.0, "roles.solver": {"steps": 12, "grpo": {"learning_rate": 6e-4}}}
"""What it takes to make repeated questions harmful: no hold on the base, longer steps, and half as many more."""

DRILLS = {
    "none": Drill(frozenset()),
    "verifier": Drill(frozenset({"misled"}), score=contrary),
    "rate": Drill(frozenset({"large_update"}), {"roles.solver.grpo.learning_rate": 1e-2}),
    "nan": Drill(frozenset({"not_finite"}), {"roles.challenger": {"steps": 5, "reward": "outage"}, "rounds": 4}),
    "repeats": Drill(frozenset({"repetition"}), {**HARSH, "questions.keep_band": [0.0, 1.0]}, parrot=True),
    "silence": Drill(frozenset({"misled"}), score=for_silence),
    "none, harsh": Drill(frozenset(), HARSH),
}


def play(drill: Drill, path: Path, config: RunConfig) -> dict[str, Any]:
    """Play one drill; what came of it."""
    torch.set_num_threads(config.compute.threads)
    folder = RunFolder.create(path, to_toml(config), describe_environment())
    run, error = drill.run(config, folder), None
    try:
        run.run()
    except SelfPlayError as stopped:
        error = f"{type(stopped).__name__}: {stopped}"
        run = drill.run(config, RunFolder.resume(path))
        folder = run.folder
    exams = [row["exam"]["summary"]["accuracy"]["value"] for row in folder.rows("metrics") if "exam" in row]
    events = guard_events(folder)
    return {
        "exams": exams,
        "best": max(exams),
        "end": run.examine(run.exam, samples=config.exam.samples, greedy=False).accuracy.value,
        "alarms": sorted({row["name"] for row in events if row["event"] == "alarm"}),
        "rollbacks": [f"{row['name']} in round {row['round']}" for row in events if row["event"] == "rollback"],
        "error": error,
    }


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """The results as Markdown: a row per drill and seed."""
    lines = [
        "| drill, seed | alarms | rollbacks | best | end, guarded | end, alone | lost alone |",
        "|---|---|---|---|---|---|---|",
    ]
    pairs: dict[tuple[str, int], dict[str, Mapping[str, Any]]] = {}
    for result in results:
        pairs.setdefault((result["drill"], result["seed"]), {})[result["guard"]] = result
    for (name, seed), pair in pairs.items():
        if len(pair) == 2:
            on, off = pair["on"], pair["off"]
            cells = f"{', '.join(on['alarms'])} | {', '.join(on['rollbacks'])}"
            numbers = " | ".join(
                f"{100 * value:.1f}" for value in (on["best"], on["end"], off["end"], on["end"] - off["end"])
            )
            lines.append(f"| {name}, {seed} | {cells} | {numbers} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where runs and results are kept")
    parser.add_argument("--drill", choices=DRILLS, help="only this one")
    parser.add_argument("--guard", choices=("on", "off"), help="only with or only without")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--set", action="append", default=[], metavar="PATH=VALUE", help="change a setting of the drills"
    )
    given = parser.parse_args()
    results = []
    for name in [given.drill] if given.drill else DRILLS:
        for guard in [given.guard] if given.guard else ("on", "off"):
            path = given.folder / f"{name}-{guard}-{given.seed}"
            kept = path / "result.json"
            if not kept.exists():
                shutil.rmtree(path, ignore_errors=True)
                changes = {"guard.mode": guard, "seed": given.seed, **parse_assignments(RunConfig, given.set)}
                config = DRILLS[name].config(BASE, changes)
                result = {"drill": name, "guard": guard, "seed": given.seed, **play(DRILLS[name], path, config)}
                kept.write_text(json.dumps(result))
            results.append(json.loads(kept.read_text()))
            print(json.dumps(results[-1]), flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
