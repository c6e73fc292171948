"""A run folder without a model: scripted agents of rising skill play; rules and measures are the real ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from selfplay_gym.agents.training.config import StepMetrics
from selfplay_gym.core.records import Outcome
from selfplay_gym.core.registries import make_agent, make_reward
from selfplay_gym.envs.game.domains import find_domain
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.rewards import in_band
from selfplay_gym.selfplay.evaluation import held_out_questions, run_exam
from selfplay_gym.selfplay.guard import Guard, GuardLimits
from selfplay_gym.selfplay.roles.rewards import ChallengerPay
from selfplay_gym.selfplay.run.labels import labels_right
from selfplay_gym.selfplay.run.metrics import challenger_measures, label_measures
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.run.run import PHASES
from selfplay_gym.selfplay.run.subjects import find_subject
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.storage.run_folder import RunFolder

CONFIG = preset("debug").replace(attempts=8, questions=40, challenger_steps=3, solver_steps=4, exam_questions=60)


class ScriptedRun:
    """Writes the folder of a run, round by round, as `SelfPlay` would."""

    def __init__(self, path: Path, skills: tuple[float, ...], proposals: Callable[[list[str]], list[str]]) -> None:
        self.folder = RunFolder.create(path, CONFIG.as_dict(), describe_environment())
        self.game = Game(
            find_domain("math"), find_subject("SelfPlayMath-v0").labeller(CONFIG.labels), make_reward("r-zero")
        )
        self.exam = held_out_questions("mixed", CONFIG.exam_questions)
        self.challenger = make_agent("generator", low=0.1, high=0.7)
        self.skills, self.proposals = skills, proposals
        self.guard = Guard("on", GuardLimits())

    def play(self, rounds: int, until: str) -> RunFolder:
        """Base exam, `rounds` whole rounds, and the phases of another before `until` ("done": no other)."""
        self.log(0, ("evaluate", "gate"))
        for number in range(1, rounds + 1):
            self.log(number, PHASES)
        last = rounds if until == "done" else rounds + 1
        if until != "done":
            self.log(last, PHASES[: PHASES.index(until)])
        self.folder.commit({"round": last, "phase": until, "step": 0})
        return self.folder

    def log(self, number: int, phases: tuple[str, ...]) -> None:
        self.solver = make_agent("noisy", skill=self.skills[min(number, len(self.skills) - 1)])
        for phase in phases:
            here = {"round": number, "phase": phase}
            getattr(self, phase)(number, here)
            self.folder.log("timings", [{**here, "seconds": 1.5}])
            self.folder.commit({"round": number, "phase": phase, "step": 0})

    def train_challenger(self, number, here):
        for step in range(CONFIG.challenger_steps):
            pay = ChallengerPay(self.game, lambda prompts: self.solver.act(prompts, n=8, seed=number))
            pay(["write"], self.challenger.act(["write"], n=16, seed=100 * number + step))
            trained = StepMetrics(mean_reward=0.3 + 0.05 * step, entropy=2.0, mean_length=30.0, rows_trained=8)
            measures = {**trained.as_dict(), **challenger_measures(pay.rounds, CONFIG.band)}
            self.folder.log("metrics", [{**here, "role": "challenger", "step": step, **measures}])

    def generate(self, number, here):
        texts = self.proposals(self.challenger.act(["write"], n=CONFIG.questions, seed=number)[0])
        self.asked, rows = [], []
        for proposal in self.game.read(texts):
            index = len(rows)
            if proposal.question is None:
                rows.append({**here, "text": proposal.text, "dropped": f"malformed: {proposal.reason}", "index": index})
                continue
            question = proposal.question
            why = "repeated" if any(question.text == other.text for _, other in self.asked) else None
            if why is None:
                self.asked.append((index, question))
            fields = {name: getattr(question, name) for name in ("text", "reference", "level", "author")}
            rows.append({**here, **fields, "dropped": why, "index": index})
        self.rows = rows
        self.folder.log("questions", rows)

    def attempt(self, number, here):
        self.groups = self.solver.act([q.text for _, q in self.asked], n=CONFIG.attempts, seed=number)
        rows = [{**here, "index": i, "attempts": g} for (i, _), g in zip(self.asked, self.groups, strict=True)]
        self.folder.log("attempts", rows)

    def label(self, number, here):
        judged = self.game.judge([q for _, q in self.asked], self.groups)
        right = labels_right([q for _, q in self.asked], [j.label for j in judged])
        rows = [
            {
                **here,
                "index": index,
                "label": j.label,
                "solve_rate": j.solve_rate,
                "valid": j.valid,
                "kept": j.valid and in_band(j.correct_count, len(j.verdicts), CONFIG.band),
                "label_right": correct,
                "answers": [v.answer for v in j.verdicts],
                "matches": [v.outcome is Outcome.CORRECT for v in j.verdicts],
            }
            for (index, _), j, correct in zip(self.asked, judged, right, strict=True)
        ]
        self.folder.log("labels", rows)
        self.folder.log("metrics", [{**here, **label_measures(self.rows, rows)}])

    def train_solver(self, number, here):
        for step in range(CONFIG.solver_steps):
            trained = StepMetrics(mean_reward=0.4 + 0.03 * step, kl=0.001 * step, entropy=1.0, rows_trained=8)
            self.folder.log("metrics", [{**here, "role": "solver", "step": step, **trained.as_dict()}])

    def evaluate(self, number, here):
        result = run_exam(self.solver, self.exam, samples=4, seed=1)
        stored = replace(result, seconds=0.0).as_dict()
        self.folder.log("metrics", [{**here, "exam": stored, "validation_accuracy": result.accuracy.value}])
        apart = {"unanswered_share": 0.5, "challenger_drift": 0.01, "solver_drift": 0.01, "consistency": 0.2}
        self.guard.evaluated([result.accuracy.value], apart)
        self.folder.log("guard", [{**here, **row} for row in self.guard.take_rows()])

    def gate(self, number, here):
        self.folder.log("metrics", [{**here, "best_round": number}])


@pytest.fixture(scope="session")
def scripted_run() -> Callable[..., RunFolder]:
    """`scripted_run(path, rounds=2, until="done", skills=…, proposals=…)` writes a run folder in about a second.

    `until` names the phase of the next round at which the run was stopped; `proposals` changes what challengers wrote.
    """

    def write(
        path: Path,
        rounds: int = 2,
        until: str = "done",
        skills: tuple[float, ...] = (0.2, 0.4, 0.6),
        proposals: Callable[[list[str]], list[str]] = lambda texts: texts,
    ) -> RunFolder:
        return ScriptedRun(path, skills, proposals).play(rounds, until)

    return write


@pytest.fixture(scope="session")
def finished_run(scripted_run, tmp_path_factory) -> RunFolder:
    """Two rounds in which the solver gets better; read it, do not write it."""
    return scripted_run(tmp_path_factory.mktemp("scripted") / "run")


@pytest.fixture(scope="session")
def stopped_run(scripted_run, tmp_path_factory) -> Callable[[str], RunFolder]:
    """`stopped_run(phase)`: a run that was stopped in its first round, before that phase; read it, do not write it."""
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
