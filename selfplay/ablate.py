"""Which part of the method does the work? The same run with one thing changed at a time, over several seeds.

    selfplay-gym ablate --preset tiny --seeds 3

Every variant has the same number of rounds, questions, attempts, solver steps and samples (what has an untrained
challenger saves its training, nothing else). Variants of one seed sit the identical exam, so they are compared with
`full` question by question, all seeds together. That interval is over questions; how far seeds scatter stands beside
it, and with few seeds is the wider doubt. Runs are ordinary run folders: an interrupted ablation resumes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ConfigError, RunError, UnknownNameError
from .bench import holm
from .config import RunConfig
from .evaluation import ExamResult
from .run_folder import RunFolder
from .stats import Estimate, Paired, mean_rate, paired

Train = Callable[..., RunFolder]

FULL = "full"
VARIANTS: dict[str, dict[str, Any]] = {
    FULL: {},
    "untrained challenger": {"challenger": "untrained"},
    "procedural challenger": {"challenger": "procedural"},
    "no repetition penalty": {"repetition_scale": 0.0},
    "no band filter": {"band": 0.5},
    "no KL": {"kl": 0.0},
    "labels: sympy": {"labels": "sympy"},
    "labels: oracle": {"labels": "oracle"},
    "reward random": {"solver_reward": "random"},
    "reward format": {"solver_reward": "format"},
    "shape azr": {"reward": "azr", "repetition_scale": 0.0},
    "shape sqlm": {"reward": "sqlm", "repetition_scale": 0.0},
    "shape 4p(1-p)": {"reward": "4p(1-p)"},
    "r-zero-code": {"reward": "r-zero-code"},
}
"""What each variant changes in the settings. `full` has vote labels, a trained challenger and the paper's reward."""


@dataclass(frozen=True, slots=True)
class VariantRun:
    """One variant with one seed.

    Attributes:
        before, after: the exam of the base, and after the last round.
        label_accuracy: per round, `None` where no answer could be computed.
    """

    variant: str
    seed: int
    before: ExamResult
    after: ExamResult
    label_accuracy: list[float | None]
    kept_share: list[float]

    @property
    def gain(self) -> float:
        """Points of sampled accuracy over the base."""
        return 100 * (self.after.accuracy.value - self.before.accuracy.value)


@dataclass(frozen=True, slots=True)
class VariantResult:
    """One variant over all seeds.

    Attributes:
        runs: one per seed, in order.
        gain: against the base of the same seed, all questions of all seeds.
        against_full: against `full`; `None` for `full` itself and where it was not run.
        adjusted: its p-value after Holm's correction over all variants.
    """

    name: str
    runs: list[VariantRun]
    gain: Paired
    against_full: Paired | None = None
    adjusted: float | None = None

    @property
    def accuracy(self) -> Estimate:
        """Sampled accuracy after the last round, over all questions of all seeds."""
        return mean_rate([c / run.after.samples for run in self.runs for c in run.after.correct])

    @property
    def gains(self) -> list[float]:
        """Points over the base per seed: the scatter of training."""
        return [run.gain for run in self.runs]

    @property
    def last_label_accuracy(self) -> float | None:
        """Mean label accuracy of the last round; `None` where it could not be computed."""
        known = [
            run.label_accuracy[-1] for run in self.runs if run.label_accuracy and run.label_accuracy[-1] is not None
        ]
        return float(np.mean([value for value in known if value is not None])) if known else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "seeds": [run.seed for run in self.runs],
            "accuracy": self.accuracy.as_dict(),
            "gain": self.gain.as_dict(),
            "gains": self.gains,
            "against_full": None if self.against_full is None else self.against_full.as_dict(),
            "adjusted_p_value": self.adjusted,
            "last_label_accuracy": self.last_label_accuracy,
            "label_accuracy": [run.label_accuracy for run in self.runs],
        }


@dataclass(frozen=True)
class Ablation:
    """All variants, in the order asked for."""

    results: list[VariantResult]
    preset: str
    notes: list[str] = field(default_factory=list)

    def result(self, name: str) -> VariantResult:
        return next(result for result in self.results if result.name == name)

    def as_dict(self) -> dict[str, Any]:
        return {"preset": self.preset, "variants": [result.as_dict() for result in self.results], "notes": self.notes}


def ablate(
    config: RunConfig,
    folder: Path,
    *,
    variants: Sequence[str] | Mapping[str, Mapping[str, Any]] | None = None,
    seeds: int = 3,
    preset: str = "tiny",
    train: Train | None = None,
    progress: Callable[[str, int, int, int], None] | None = None,
) -> Ablation:
    """Run every variant with seeds 0 … `seeds` − 1 below `folder`, or read what is finished there.

    Args:
        config: the settings the variants change.
        variants: names from `VARIANTS`, or own ones: name → settings changed; `None` means all.
        train: stands in for `selfplay.train.train` in tests.
        progress: called with (variant, seed, runs done, runs in all) before each run.

    Raises:
        ConfigError: no seeds, an unknown variant, or a setting that does not exist.
        RunError: a folder below holds a run with other settings.
    """
    if seeds < 1:
        raise ConfigError(f"an ablation needs at least one seed, got {seeds}")
    chosen = _chosen(variants)
    settings = {name: config.replace(**changes) for name, changes in chosen.items()}
    runs: dict[str, list[VariantRun]] = {name: [] for name in chosen}
    done = 0
    for seed in range(seeds):  # seed by seed, so that an early stop still compares all variants
        for name, changed in settings.items():
            if progress is not None:
                progress(name, seed, done, seeds * len(settings))
            runs[name].append(_run(name, seed, changed.replace(seed=seed), folder, train))
            done += 1
    return summarise(runs, preset)


def summarise(runs: Mapping[str, Sequence[VariantRun]], preset: str) -> Ablation:
    """Compare finished runs; `full` is the baseline if it is among them."""
    full = runs.get(FULL)
    results = []
    for name, own in runs.items():
        gain = _paired([run.before for run in own], [run.after for run in own])
        against = None
        if full is not None and name != FULL:
            against = _paired([run.after for run in full], [run.after for run in own])
        results.append(VariantResult(name, list(own), gain, against))
    adjusted = iter(holm([r.against_full.p_value for r in results if r.against_full is not None]))
    shown = [r if r.against_full is None else _adjusted(r, next(adjusted)) for r in results]
    seeds = max((len(own) for own in runs.values()), default=0)
    notes = [f"intervals are over questions; {seeds} seeds of training scatter as shown per seed"]
    return Ablation(shown, preset, notes)


def read_run(name: str, seed: int, folder: RunFolder) -> VariantRun:
    """What an ablation needs of a finished run.

    Raises:
        RunError: the run is not finished.
    """
    if folder.state.get("phase") != "done":
        raise RunError(f"{folder.path} is not finished; run the ablation again to continue it")
    rows = list(folder.rows("metrics"))
    exams = [ExamResult.from_dict(row["exam"]) for row in rows if "exam" in row]
    labels = [row for row in rows if "label_accuracy" in row]
    return VariantRun(
        variant=name,
        seed=seed,
        before=exams[0],
        after=exams[-1],
        label_accuracy=[row["label_accuracy"] for row in labels],
        kept_share=[row["kept_share"] for row in labels],
    )


def rows(ablation: Ablation) -> tuple[list[str], list[list[str]]]:
    """Header and cells, largest gain first; scores in per cent, gains in points of sampled held-out accuracy."""
    header = [
        "variant",
        "accuracy, %",
        "gain over base",
        "per seed",
        "against full",
        "p (Holm)",
        "label acc., last round",
    ]
    cells = []
    for r in sorted(ablation.results, key=lambda result: -result.gain.points):
        accuracy, versus = r.accuracy, r.against_full
        cells.append(
            [
                r.name,
                f"{100 * accuracy.value:.1f} [{100 * accuracy.low:.1f}, {100 * accuracy.high:.1f}]",
                f"{r.gain.points:+.1f} [{r.gain.low:+.1f}, {r.gain.high:+.1f}]",
                " ".join(f"{gain:+.1f}" for gain in r.gains),
                "–" if versus is None else f"{versus.points:+.1f} [{versus.low:+.1f}, {versus.high:+.1f}]",
                "–" if r.adjusted is None else f"{r.adjusted:.2g}",
                "–" if r.last_label_accuracy is None else f"{100 * r.last_label_accuracy:.0f} %",
            ]
        )
    return header, cells


def to_markdown(ablation: Ablation) -> str:
    """The table and its notes."""
    header, cells = rows(ablation)
    lines = ["| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *cells]]
    return "\n".join([*lines, "", *(f"- Note: {note}." for note in ablation.notes)]) + "\n"


def to_json(ablation: Ablation) -> str:
    """Everything but the single questions."""
    return json.dumps(ablation.as_dict(), indent=1) + "\n"


def plot(ablation: Ablation) -> str:
    """Gain over the base with interval and the single seeds, as inline SVG."""
    from matplotlib.figure import Figure

    from .bench_page import inline_svg

    ranked = sorted(ablation.results, key=lambda result: result.gain.points)
    figure = Figure(figsize=(9, 0.42 * len(ranked) + 1.2), layout="constrained")
    axes = figure.subplots()
    for place, r in enumerate(ranked):
        colour = "C1" if r.name == FULL else "C0"
        errors = [[r.gain.points - r.gain.low], [r.gain.high - r.gain.points]]
        axes.errorbar(r.gain.points, place, xerr=errors, fmt="o", color=colour, capsize=3)
        axes.scatter(r.gains, [place] * len(r.gains), marker="|", color="0.3")
    axes.axvline(0, color="0.8")
    axes.set_yticks(range(len(ranked)), [r.name for r in ranked])
    axes.set(xlabel="points of held-out accuracy over the base (bars: single seeds)", title=ablation.preset)
    axes.spines[["top", "right"]].set_visible(False)
    return inline_svg(figure)


def _chosen(variants: Sequence[str] | Mapping[str, Mapping[str, Any]] | None) -> dict[str, Mapping[str, Any]]:
    if variants is None:
        return dict(VARIANTS)
    if isinstance(variants, Mapping):
        return dict(variants)
    for name in variants:
        if name not in VARIANTS:
            raise UnknownNameError("variant", name, VARIANTS)
    return {name: VARIANTS[name] for name in variants}


def _run(name: str, seed: int, config: RunConfig, folder: Path, train: Train | None) -> VariantRun:
    if train is None:
        from .train import train as started_by

        train = started_by
    path = folder / f"{''.join(c if c.isalnum() else '-' for c in name)}-{seed}"
    started = (path / "config.json").exists()
    if started:
        run = RunFolder.open(path)
        if RunConfig.from_dict(run.config) != config:
            raise RunError(f"{path} holds a run with other settings; remove it or choose another folder")
        if run.state.get("phase") == "done":
            return read_run(name, seed, run)
    return read_run(name, seed, train(config, path, resume=started))


def _paired(before: Sequence[ExamResult], after: Sequence[ExamResult]) -> Paired:
    for one, other in zip(before, after, strict=True):
        if one.keys != other.keys or one.samples != other.samples:
            raise RunError("runs of an ablation with the same seed must sit the same exam")
    counts = [[c for exam in exams for c in exam.correct] for exams in (before, after)]
    return paired(counts[0], counts[1], before[0].samples)


def _adjusted(result: VariantResult, p_value: float) -> VariantResult:
    return VariantResult(result.name, result.runs, result.gain, result.against_full, p_value)
