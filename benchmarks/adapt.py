"""Does meta-learning make a held-out family of questions easier to learn than multi-task training of equal compute?

    python benchmarks/adapt.py --runs runs/adapt

Each method trains the same base on the same batches of the same families (`stages/adapt.py`), seed by seed; then the
weights adapt to a few examples of a family that none of them has seen, with an exam after so many updates. Accuracies
are over the questions of all seeds; a difference to multi-task training is paired by question. Runs that were stopped
go on, and those that are done are read.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import argparse
import json
from pathlib import Path

from selfplay_gym import train
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.stats import mean_rate, paired
from selfplay_gym.selfplay.storage.run_folder import RunFolder

METHODS = ("reptile", "fomaml", "multi-task")
CONTROL = "multi-task"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, required=True, help="where the run folders go")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--families", nargs="+", default=["arithmetic", "equation", "composed"])
    parser.add_argument("--held-out", default="chains(longest=8)")
    parser.add_argument("--levels", type=float, nargs=2, default=[0.5, 1.0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--inner", type=int, default=4)
    parser.add_argument("--tasks", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--outer-rate", type=float, help="of every method; without it each has its own default")
    parser.add_argument("--shots", type=int, default=64)
    parser.add_argument("--questions", type=int, default=150)
    return parser.parse_args()


def settings(given, method, seed):
    """One run: the stage `adapt` for a single round, of which round 0 measures the base."""
    options = {
        "families": given.families,
        "held_out": given.held_out,
        "method": method,
        **{name: getattr(given, name) for name in ("steps", "inner", "tasks", "learning_rate", "levels")},
        **{name: getattr(given, name) for name in ("shots", "questions")},
        **({} if given.outer_rate is None else {"outer_rate": given.outer_rate}),
    }
    stage = f"adapt({', '.join(f'{name}={json.dumps(value)}' for name, value in options.items())})"
    return RunConfig().replace(
        {
            "seed": seed,
            "rounds": 1,
            "stages": [stage],
            "roles.*.model": given.model,
            "roles.solver.max_new_tokens": 96,
            "questions.sources": {"procedural": 1.0},
            "exam": {"questions": 8, "samples": 1},
            "guard": {"mode": "off", "questions": 8},
        }
    )


def play(given, method, seed):
    """The rows of `metrics.jsonl` of a run."""
    path = given.runs / f"{method}-{seed}"
    if (path / "config.toml").exists():
        folder = RunFolder.open(path)
        if folder.state.get("phase") != "done":
            folder = train({}, path, resume=True)
        return list(folder.rows("metrics"))
    return list(train(settings(given, method, seed), path).rows("metrics"))


def measured(rows, number):
    return next(row["adaptation"] for row in rows if row["round"] == number and "adaptation" in row)


def trained(rows):
    return sum(row["tokens_trained"] for row in rows if "tokens_trained" in row)


def counts(found, updates):
    """Right answers per question, over all seeds in order."""
    return [count for one in found for count in one["by_updates"][updates]["correct"]]


def main():
    given = arguments()
    runs = {method: [play(given, method, seed) for seed in given.seeds] for method in given.methods}
    found = {"none": [measured(rows, 0) for rows in runs[given.methods[0]]]}
    for method, of_seeds in runs.items():
        assert [measured(rows, 0)["by_updates"] for rows in of_seeds] == [one["by_updates"] for one in found["none"]]
        found[method] = [measured(rows, 1) for rows in of_seeds]
    updates, samples = list(found["none"][0]["by_updates"]), found["none"][0]["samples"]

    print(f"| training | tokens a seed | {' | '.join(f'n = {n}' for n in updates)} |")
    print("|---" * (2 + len(updates)) + "|")
    for method, ones in found.items():
        tokens = "0" if method == "none" else ", ".join(f"{trained(rows):,}" for rows in runs[method])
        print(f"| {method} | {tokens} | {' | '.join(accuracy(ones, n, samples) for n in updates)} |")
    if CONTROL not in found:
        return
    print(f"\n| minus {CONTROL} | {' | '.join(f'n = {n}' for n in updates)} |")
    print("|---" * (1 + len(updates)) + "|")
    for method in found:
        if method != CONTROL:
            rows = [paired(counts(found[CONTROL], n), counts(found[method], n), samples) for n in updates]
            print(f"| {method} | {' | '.join(map(str, rows))} |")


def accuracy(ones, updates, samples):
    """Over the questions of all seeds with its interval, and of each seed alone; per cent."""
    all_seeds = mean_rate([count / samples for count in counts(ones, updates)])
    alone = "/".join(f"{100 * one['by_updates'][updates]['accuracy']['value']:.0f}" for one in ones)
    return f"{100 * all_seeds.value:.1f} [{100 * all_seeds.low:.1f}, {100 * all_seeds.high:.1f}] ({alone})"


if __name__ == "__main__":
    main()
