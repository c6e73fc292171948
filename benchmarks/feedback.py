"""What are reviews worth? Reviewers of known error rate decide about labels and pairs, and the run learns from it.

    python benchmarks/feedback.py FOLDER [--seeds 0 1 2] [--out docs/feedback-tiny.md]

    none                     votes label, nobody looks at them
    all labels right         computed answers label: what reviews could gain at most
    128 reviews, 0 % wrong   in all four rounds: 24 labels and 8 pairs each, drawn at random; likewise 32 and 512
                             reviews, and reviewers who err more
    … , no stage feedback    decisions are obeyed (labels mended or dropped), and nothing else is learnt from them

Preset tiny with R-Zero's recipe, vote labels, its reward and its band, where many of the labels that train are wrong:
with the preset's own checked labels 99 % of them are right, and nothing is left to mend. A fifth of what is reviewed is
set aside and trains nothing. Counted compute is equal: `compute.tokens_per_round` ends the solver's training, and what
the stage `feedback` computes is part of it. Runs are ordinary run folders below FOLDER: what is finished there is not
run again, a killed one goes on, and a table of what is finished is written after every run. `epochs` and the random
gates were chosen on seed 10, which is not among those shown; the recipe was changed afterwards, without a pilot.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from selfplay_gym import train
from selfplay_gym.selfplay.ablate.page import plot, to_json, to_markdown
from selfplay_gym.selfplay.ablate.results import VariantRun
from selfplay_gym.selfplay.ablate.rows import VOTE
from selfplay_gym.selfplay.ablate.variants import read_run, summarise
from selfplay_gym.selfplay.pages.tables import markdown_table
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.run.labels import labels_right
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.stats import mean
from selfplay_gym.selfplay.storage.run_folder import RunFolder

ROUNDS = 4
SHARED = {
    **VOTE,
    "rounds": ROUNDS,
    "compute.tokens_per_round": 330_000,
    "roles.solver.steps": 40,
    "exam.every": ROUNDS,
}
NONE = "none"
FEEDBACK = "feedback"
PARTS = ("labels", "preferences")
"""Of the stage `feedback`; the reviewer rejects no question, so that there are no pairs of proposals."""


def reviewed(reviews: int, error: float, stage: str = FEEDBACK) -> dict[str, Any]:
    """The settings of a run with so many reviews in all, three quarters of them of labels."""
    each = reviews // ROUNDS
    stages = ["train(challenger)", "generate", "attempt", "label", f"simulated_review(error={error})"]
    stages += [*([stage] if stage else []), "train(solver)", "evaluate", "gate"]
    gate = {"at": "label", "on": "random", "sample": 0.0}
    labels, pairs = {**gate, "least": 3 * each // 4}, {**gate, "kind": "pair", "least": each // 4}
    return {"stages": stages, "gates": [labels, pairs]}


ARMS: dict[str, Mapping[str, Any]] = {
    NONE: {},
    "512 reviews, 0 % wrong": reviewed(512, 0.0),
    "all labels right": {"labels.source": "oracle"},
    "128 reviews, 0 % wrong": reviewed(128, 0.0),
    "128 reviews, 20 % wrong": reviewed(128, 0.2),
    "512 reviews, 20 % wrong": reviewed(512, 0.2),
    "512 reviews, 0 % wrong, no stage feedback": reviewed(512, 0.0, stage=""),
    "128 reviews, 5 % wrong": reviewed(128, 0.05),
    "32 reviews, 0 % wrong": reviewed(32, 0.0),
}


def path_of(base: Path, name: str, seed: int) -> Path:
    return base / f"{'-'.join(''.join(c if c.isalnum() else ' ' for c in name).split())}-{seed}"


def is_finished(path: Path) -> bool:
    return (path / "state.json").exists() and RunFolder.open(path).state.get("phase") == "done"


def finished(base: Path, seeds: Sequence[int]) -> dict[str, list[VariantRun]]:
    """The runs that are over, by arm; arms without one are missing."""
    found = {
        name: [
            read_run(name, seed, RunFolder.open(path))
            for seed in seeds
            if is_finished(path := path_of(base, name, seed))
        ]
        for name in ARMS
    }
    return {name: runs for name, runs in found.items() if runs}


def trained_labels(folder: RunFolder) -> list[float]:
    """Of each round, the share of right labels among those that train, after reviews."""
    found = []
    for number in range(1, ROUNDS + 1):
        kept = [question for _, question in round_log.kept(partial(_rows, folder, number))]
        right = labels_right(kept, [question.reference for question in kept])
        known = [one for one in right if one is not None]
        found.append(sum(known) / max(1, len(known)))
    return found


def _rows(folder: RunFolder, number: int, name: str) -> list[dict[str, Any]]:
    return folder.rows_of_round(name, number)


def review_rows(base: Path, names: Sequence[str], seeds: Sequence[int]) -> list[str]:
    """How right the labels are that train, how much people decided, and what was taken back, as a table in Markdown."""
    header = ["arm", "kept labels right, by round, %", "labels of people", "right, %", "pairs", "taken back"]
    cells = []
    for name in names:
        paths = [path_of(base, name, seed) for seed in seeds]
        folders = [RunFolder.open(path) for path in paths if is_finished(path)]
        shares = zip(*map(trained_labels, folders), strict=True)
        rows = [list(folder.rows("metrics")) for folder in folders]
        last = [known[-1] for own in rows if (known := [row["feedback"] for row in own if "feedback" in row])]
        back = sum(row.get("taken_back", False) for own in rows for row in own)
        counts = [" ".join(f"{one[part]['train']}+{one[part]['held_out']}" for one in last) for part in PARTS]
        right = " ".join(f"{100 * one['human_label_accuracy']:.0f}" for one in last)
        by_round = " ".join(f"{100 * mean(list(own)):.0f}" for own in shares)
        cells.append([name, by_round, counts[0] or "–", right or "–", counts[1] or "–", str(back) if last else "–"])
    return markdown_table(header, cells)


def write(base: Path, seeds: Sequence[int], out: Path) -> None:
    """The table of what is finished, everything as JSON, and the plot."""
    runs = finished(base, seeds)
    result, origin = summarise(runs, "tiny", NONE), describe_environment()
    made = ", ".join(sorted({run.commit or "unknown" for own in runs.values() for run in own}))
    command = f"python benchmarks/feedback.py FOLDER --seeds {' '.join(map(str, seeds))}"
    head = [
        "# Reviews of known error rate, preset `tiny` with R-Zero's recipe",
        f"`{command}`, {origin['system']} with {origin['cpus']} shared CPUs; runs made at commit {made}. What it says "
        "stands in [feedback.md](feedback.md).",
        f"![gain over the base]({out.with_suffix('.svg').name})",
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    note = "Labels and pairs of people: so many train + so many are set aside, after the last round, by seed."
    text = "\n\n".join([*head, to_markdown(result), note, "\n".join(review_rows(base, list(runs), seeds))])
    out.write_text(f"{text}\n", encoding="utf-8")
    out.with_suffix(".json").write_text(to_json(result), encoding="utf-8")
    out.with_suffix(".svg").write_text(f"{plot(result)}\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--out", type=Path, help="the Markdown file; by default inside FOLDER")
    parser.add_argument("--no-runs", action="store_true", help="only write down what is finished")
    asked = parser.parse_args()
    out = asked.out or asked.folder / "feedback.md"
    for seed in asked.seeds:  # seed by seed, so that an early stop still compares all arms
        for name, changes in () if asked.no_runs else ARMS.items():
            path = path_of(asked.folder, name, seed)
            if not is_finished(path):
                config = preset("tiny").replace({**SHARED, **changes, "seed": seed})
                train(config, path, resume=(path / "config.toml").exists())
                write(asked.folder, asked.seeds, out)
    write(asked.folder, asked.seeds, out)
    print(out.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
