"""Which part of the method does the work? The same run with one thing changed at a time, over several seeds.

    selfplay-gym ablate --preset tiny --seeds 3

Every variant has the same number of rounds, questions, attempts, solver steps and samples, but for the one thing
changed. An untrained challenger saves its training; "untrained, equal compute" spends that on solver steps. Compute is
counted in tokens (`run.compute`): with `compute.tokens_per_round` set, every variant trains its solver until the round
has had them, and a note says where variants that are compared differ by more than 5 %. Variants of one seed take the
identical exam, so they are compared with `full` question by question, all seeds together. That interval is over
questions; how far seeds scatter stands beside it, and with few seeds is the wider doubt. Runs are ordinary run folders:
an interrupted ablation resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ...core.errors import ConfigError, RunError
from ..evaluation import ExamResult
from ..settings.config import RunConfig
from ..settings.files import absolute_paths, stored_config
from ..stats import Paired, holm, paired
from ..storage.lock import hold
from ..storage.run_folder import CONFIG, DamageError, RunFolder
from .results import Ablation, KeptLabels, VariantResult, VariantRun
from .rows import FULL, VARIANTS, Change, find_variant

Train = Callable[..., RunFolder]

EQUAL_WITHIN = 0.05
"""By what share of counted tokens variants may differ and still be called equal in compute."""


def ablate(
    config: RunConfig,
    folder: Path,
    *,
    variants: Sequence[str] | Mapping[str, Change] | None = None,
    seeds: int = 3,
    preset: str = "tiny",
    baseline: str = FULL,
    train: Train | None = None,
    progress: Callable[[str, int, int, int], None] | None = None,
    left_out: Callable[[str, str], None] | None = None,
) -> Ablation:
    """Run every variant with seeds 0 … `seeds` − 1 below `folder`, or read what is finished there.

    Args:
        config: the settings the variants change.
        variants: names from `VARIANTS`, also joined by " + ", or own ones: name → settings changed; `None` means all
            of `VARIANTS`.
        preset: name of the settings, for the page.
        baseline: which variant the others are compared with; "full" need not be among them.
        train: stands in for `selfplay.run.train.train` in tests.
        progress: called with (variant, seed, runs done, runs in all) before each run.
        left_out: called with a variant that these settings cannot have, and why; one that was asked for is an error.

    Raises:
        ConfigError: no seeds, an unknown variant, a baseline that is not run, or a setting that does not exist.
        RunError: a folder below holds a run with other settings, or another process is at work there.
    """
    if seeds < 1:
        raise ConfigError(f"an ablation needs at least one seed, got {seeds}")
    chosen = _chosen(variants)
    if baseline not in (FULL, *chosen):
        raise ConfigError(
            f"the baseline must be one of the variants that are run, {', '.join(map(repr, chosen))}; got {baseline!r}"
        )
    settings = dict(_changed(config, chosen, variants is None, left_out))
    runs: dict[str, list[VariantRun]] = {name: [] for name in settings}
    folder.mkdir(parents=True, exist_ok=True)
    done = 0
    with hold(folder):
        for seed in range(seeds):  # seed by seed, so that an early stop still compares all variants
            for name, changed in settings.items():
                if progress is not None:
                    progress(name, seed, done, seeds * len(settings))
                runs[name].append(_run(name, seed, changed.replace(seed=seed), folder, train))
                done += 1
    return summarise(runs, preset, baseline)


def summarise(runs: Mapping[str, Sequence[VariantRun]], preset: str, baseline: str = FULL) -> Ablation:
    """Compare finished `runs`, by variant, with the baseline, if it is among them; `preset` is named on the page."""
    base = runs.get(baseline)
    results = []
    for name, own in runs.items():
        before, after = [run.before for run in own], [run.after for run in own]
        gain = _paired(before, after)
        greedy = _paired_greedy(before, after)
        against = None
        greedy_against = None
        if base is not None and name != baseline:
            seeds = {run.seed for run in base} & {run.seed for run in own}
            same = [[run.after for run in runs if run.seed in seeds] for runs in (base, own)]
            against, greedy_against = (_paired(*same), _paired_greedy(*same)) if seeds else (None, None)
        results.append(VariantResult(name, list(own), gain, greedy, against, greedy_against))
    adjusted = iter(holm([r.against.p_value for r in results if r.against is not None]))
    shown = [r if r.against is None else replace(r, adjusted=next(adjusted)) for r in results]
    return Ablation(shown, preset, baseline, _notes(shown, baseline))


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
    many = [ExamResult.from_dict(row["pass_exam"]) for row in rows if "pass_exam" in row]
    counts = [row["tokens_counted"] for row in rows if "tokens_counted" in row]
    return VariantRun(
        variant=name,
        seed=seed,
        before=exams[0],
        after=exams[-1],
        label_accuracy=[row["label_accuracy"] for row in labels],
        labels=[KeptLabels(row["asked"], row["kept"], row["kept_label_accuracy"]) for row in labels if "kept" in row],
        many_before=many[0] if many else None,
        many_after=many[-1] if len(many) > 1 else None,
        counted=sum(counts) if counts else None,
        commit=folder.environment().get("commit"),
    )


def _chosen(variants: Sequence[str] | Mapping[str, Change] | None) -> dict[str, Change]:
    if variants is None:
        return dict(VARIANTS)
    if isinstance(variants, Mapping):
        return dict(variants)
    return {name: find_variant(name) for name in variants}


def _changed(
    config: RunConfig, chosen: Mapping[str, Change], may_miss: bool, left_out: Callable[[str, str], None] | None
) -> Iterator[tuple[str, RunConfig]]:
    """The settings of each variant.

    Raises:
        ConfigError: a variant does not fit them, and none may be left out.
    """
    for name, change in chosen.items():
        try:
            yield name, config.replace(change(config) if callable(change) else change)
        except ConfigError as error:
            if not may_miss:
                raise ConfigError(f"the variant {name!r} does not fit these settings: {error}") from None
            if left_out is not None:
                left_out(name, str(error))


def _run(name: str, seed: int, config: RunConfig, folder: Path, train: Train | None) -> VariantRun:
    if train is None:
        from ..run.train import train as started_by

        train = started_by
    path = folder / f"{''.join(c if c.isalnum() else '-' for c in name)}-{seed}"
    started = (path / CONFIG).exists()
    if started:
        if stored_config(RunFolder.found(path)) != absolute_paths(config):  # as a run keeps its settings
            raise RunError(f"{path} holds a run with other settings; remove it or choose another folder")
        if _is_finished(path):
            return read_run(name, seed, RunFolder.open(path))
    return read_run(name, seed, train(config, path, resume=started))


def _is_finished(path: Path) -> bool:
    """Whether a run is over; one whose state is damaged is not, and goes on from its last whole one."""
    try:
        return RunFolder.open(path).state.get("phase") == "done"
    except DamageError:
        return False


def _paired(before: Sequence[ExamResult], after: Sequence[ExamResult]) -> Paired:
    for one, other in zip(before, after, strict=True):
        if one.keys != other.keys or one.samples != other.samples:
            raise RunError("runs of an ablation with the same seed must take the same exam")
    counts = [[c for exam in exams for c in exam.correct] for exams in (before, after)]
    return paired(counts[0], counts[1], before[0].samples)


def _paired_greedy(before: Sequence[ExamResult], after: Sequence[ExamResult]) -> Paired | None:
    rows = [[right for exam in exams for right in exam.greedy] for exams in (before, after)]
    return paired(rows[0], rows[1]) if rows[0] and len(rows[0]) == len(rows[1]) else None


def _notes(results: Sequence[VariantResult], baseline: str) -> list[str]:
    counts = {len(result.runs) for result in results}
    seeds = f"{max(counts)}" if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    exam = results[0].runs[0].after if results and results[0].runs else None
    asked = (
        "" if exam is None else f"the exam of a seed has {len(exam.keys)} held-out questions × {exam.samples} samples; "
    )
    notes = [f"{asked}intervals are over questions; how far {seeds} seeds of training scatter stands under per seed"]
    for result in results:
        greedy = result.greedy_gain
        if result.name == baseline and greedy is not None and greedy.points < result.gain.points / 2 > 0:
            notes.append(
                f"of {result.gain.points:+.1f} points that {baseline} gains in sampled answers, greedy answers show "
                f"{greedy.points:+.1f}: most of it is steadier sampling, not a new ability"
            )
    return [*notes, *_unequal(results, baseline)]


def _unequal(results: Sequence[VariantResult], baseline: str) -> Iterator[str]:
    """A warning for each variant that is compared with the baseline, and had other compute."""
    most = next((result.counted for result in results if result.name == baseline), None)
    for result in results:
        if not most or result.against is None or result.counted is None:
            continue
        ratio = result.counted / most
        if abs(ratio - 1) > EQUAL_WITHIN:
            yield (
                f"{result.name} had {ratio:.2f} × the counted tokens of {baseline}: not equal compute; set "
                "compute.tokens_per_round for all to make it so"
            )
