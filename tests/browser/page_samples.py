"""Pages to be looked at: of small real runs and exams of scripted agents, of none at all, and of hostile names."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import cycle, pairwise
from pathlib import Path

import numpy as np

from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.ablate import summarise
from selfplay_gym.selfplay.ablate.page import to_html as ablation_page
from selfplay_gym.selfplay.ablate.results import Ablation, KeptLabels, VariantRun
from selfplay_gym.selfplay.bench.agents import Contestant
from selfplay_gym.selfplay.bench.page import to_html as bench_page
from selfplay_gym.selfplay.bench.pairs import PairResult, pair_table
from selfplay_gym.selfplay.bench.policies import PolicyReport
from selfplay_gym.selfplay.bench.run import BenchReport, BenchSettings, run_bench
from selfplay_gym.selfplay.diagnose.consistency import Consistency, Label
from selfplay_gym.selfplay.diagnose.frozen import Difficulty
from selfplay_gym.selfplay.diagnose.measure import Diagnosis, diagnose
from selfplay_gym.selfplay.diagnose.page import to_html as diagnosis_page
from selfplay_gym.selfplay.diagnose.play import CrossPlay
from selfplay_gym.selfplay.evaluation import ExamResult, held_out_questions, run_exam
from selfplay_gym.selfplay.evaluations.page import to_html as evaluations_page
from selfplay_gym.selfplay.exams.suites import Suite
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.storage.run_folder import RunFolder

NAMES = (
    "<img src=x onerror=alert(1)>",
    "</style></svg><script>alert(2)</script>",
    '" onmouseover="alert(3)',
    "\u202eevil\u2066 bidi",
    "\x00\x1b[31mred\x07",
    "x" * 500,
    "many words " * 45,
    "$\\frac{1}{0$ and $x_",
    "_hidden",
    "名前 🎲 ق",
    "",
    "{{ 7*7 }}",
)
"""Names that somebody or something may have given."""


@cache
def exam(skill: float, seed: int = 0, questions: int = 48) -> ExamResult:
    """A mixed exam of a scripted agent of that skill."""
    found = run_exam(make_agent("noisy", accuracy=skill), held_out_questions("mixed", questions), samples=4, seed=seed)
    return replace(found, greedy=[count > 1 for count in found.correct])


def ablation(names: Sequence[str], seeds: int = 2) -> str:
    """Variants of different worth, the first one the baseline."""
    runs = {}
    for i, name in enumerate(names):
        skill = (0.7, 0.4, 0.6, 0.9)[i % 4]
        kept = [KeptLabels(40, 20, 0.9), KeptLabels(40, 30, None)]
        runs[name] = [
            VariantRun(name, seed, exam(0.4, seed), exam(skill, seed + 2), [0.8], kept, counted=1_000_000)
            for seed in range(seeds)
        ]
    return ablation_page(summarise(runs, "tiny", names[0]), "selfplay-gym ablate, on a machine")


def bench(names: Sequence[str]) -> str:
    """Scripted agents of different skill on two suites."""
    skills = cycle((0.5, 0.9, 0.55, 0.1, 1.0))
    agents = [
        Contestant(name, make_agent("noisy", accuracy=skill), str(i))
        for i, (name, skill) in enumerate(zip(names, skills, strict=False))
    ]
    suites = [Suite(name, tuple(held_out_questions("mixed", 24)), published=True) for name in ("mixed", names[-1])]
    return bench_page(run_bench(agents, suites, BenchSettings(samples=4)))


def diagnosis(run: Path, play_names: Sequence[str] = ("base", "round 1", "round 2")) -> str:
    """Of a run, with what needs models made up."""
    found = diagnose(run)
    rng = np.random.default_rng(0)
    found.difficulty.extend(Difficulty(n, 40, rng.random(40).tolist(), rng.random(40).tolist()) for n in (1, 2))
    labels = [Label(1, f"What is {i}+1?", str(i), i / 20, 0.5, i % 3 > 0) for i in range(12)]
    labels += [Label(2, name, name, 0.1, 0.2, None) for name in NAMES]
    found = replace(found, consistency=Consistency(labels), notes=[*found.notes, *NAMES])
    cells = [pair(a, b, i) for i, a in enumerate(play_names) for b in play_names]
    return diagnosis_page(found, CrossPlay([*play_names], [*play_names], cells))


def pair(challenger: str, solver: str, seed: int = 0) -> PairResult:
    """A challenger against a solver."""
    rng, count = np.random.default_rng(seed), 16
    rates, right = rng.random(count).tolist(), (rng.random(count) < 0.7).tolist()
    return PairResult(challenger, solver, 20, ["What is 1+1?"] * count, rates, right, rates, right, 7)


def evaluations(names: Sequence[str], count: int = 3) -> str:
    """Full evaluations of a solver that gets better at some suites and worse at others."""
    held = [
        {
            "games": 1000 * n,
            "round": n,
            "suites": {
                name: exam((0.4 + 0.2 * n) if i % 2 else (0.8 - 0.1 * n), i + n) for i, name in enumerate(names)
            },
            "cross_play": [{"challenger": name, "solver": "now", "uncertainty": 0.5} for name in names[:3]],
            "labels": {"round": n, "asked": 40, "kept": 20, "label_accuracy": 0.9, "clusters": 7} if n else {},
        }
        for n in range(count)
    ]
    return evaluations_page(names[0], held)


def pairs(names: Sequence[str]) -> str:
    return pair_table([pair(a, b) for a, b in pairwise(names)], seed=0).to_html()


def policies(names: Sequence[str]) -> str:
    rewards = {name: np.linspace(0, 0.3 + 0.2 * (i % 3), 12) for i, name in enumerate(names)}
    return PolicyReport("SelfPlayTeacher-v0", 0, rewards, ()).table().to_html()


def ordinary(run: RunFolder) -> dict[str, Callable[[], str]]:
    """Every page, as it usually is."""
    agents = ["tiny", "frontier", "openai:a-model@http://localhost:8000"]
    variants = ["full", "untrained challenger", "update: grpo, half the steps, twice the groups", "reward random"]
    return {
        "report": lambda: render_report(run),
        "diagnosis": lambda: diagnosis(run.path),
        "bench": lambda: bench(agents),
        "ablation": lambda: ablation(variants),
        "evaluations": lambda: evaluations(["arithmetic", "equations", "mixed"]),
        "pairs": lambda: pairs(agents),
        "policies": lambda: policies(["random", "band", "sb3:ppo.zip"]),
    }


def extreme() -> dict[str, Callable[[], str]]:
    """Pages of nothing, of very many, and of hostile names."""
    nothing = BenchReport(BenchSettings(), (), (), (), {}, {"date": "2026-01-01", "versions": {}, **MACHINE})
    many = [f"variant {i}, changed in one way only" for i in range(60)]
    return {
        "ablation of nothing": lambda: ablation_page(Ablation([], "tiny")),
        "ablation of one": lambda: ablation(["full"], seeds=1),
        "ablation of sixty": lambda: ablation(many, seeds=1),
        "ablation of hostile names": lambda: ablation(NAMES),
        "bench of nothing": lambda: bench_page(nothing),
        "bench of hostile names": lambda: bench(NAMES),
        "diagnosis of nothing": lambda: diagnosis_page(Diagnosis(NAMES[0], [], [], {})),
        "evaluations of nothing": lambda: evaluations_page(NAMES[5], []),
        "evaluations, one": lambda: evaluations(["arithmetic"], 1),
        "evaluations of hostile names": lambda: evaluations(NAMES),
        "pairs of hostile names": lambda: pairs(NAMES),
        "policies of hostile names": lambda: policies(NAMES),
    }


MACHINE = {"system": "Linux", "cpus": 2, "python": "3.11", "command": ["selfplay-gym", *NAMES]}
