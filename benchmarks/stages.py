"""Does it save compute to train in stages? A model that knows nothing, three ways, at equal counted tokens.

    python benchmarks/stages.py FOLDER [--seeds 3] [--steps 300] [--rounds 4]

    warm-up, then self-play    supervised steps on generated examples, then rounds of the preset tiny
    warm-up only               as many more supervised steps as the rounds cost
    self-play only             rounds from the start, until they have cost as much

The model has the shape of `tiny` and weights that nobody trained. Counted are tokens sampled and 3 × trained, without
exams (`run.compute`). Runs are ordinary run folders below FOLDER: what is finished there is not run again. Printed per
way: sampled and greedy accuracy in the held-out exam of its seed, tokens, and the difference from the first way with a
95 % interval over questions of all seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from selfplay_gym import train
from selfplay_gym.selfplay.evaluation import ExamResult
from selfplay_gym.selfplay.settings.config import STAGES
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.selfplay.stats import paired
from selfplay_gym.selfplay.storage.run_folder import RunFolder

BATCH, RATE = 64, 2e-3
FIRST = "warm-up, then self-play"


def untrained(folder: Path) -> str:
    """The path of a model of tiny's shape that has learnt nothing."""
    from selfplay_gym.agents.models.tiny import build_model, build_tokenizer

    if not (folder / "model.safetensors").exists():
        build_model(0).save_pretrained(folder)
        build_tokenizer().save_pretrained(folder)
    return str(folder)


def played(path: Path, settings: Mapping[str, Any]) -> RunFolder:
    """A finished run of the preset tiny with these settings."""
    config = preset("tiny").replace({"exam.questions": 256, "rounds": 100, **settings})
    if (path / "state.json").exists() and RunFolder.open(path).state.get("phase") == "done":
        return RunFolder.open(path)
    return train(config, path, resume=(path / "config.toml").exists())


def tokens(folder: RunFolder, phase: str | None = None) -> int:
    """Counted tokens of a run, or of one stage of it."""
    rows = (row for row in folder.rows("metrics") if phase in (None, row["phase"]))
    return sum(row.get("tokens_counted", 0) for row in rows)


def last_exam(folder: RunFolder) -> ExamResult:
    """The exam at the end of a run: it is held after the last round."""
    return [ExamResult.from_dict(row["exam"]) for row in folder.rows("metrics") if "exam" in row][-1]


def ways(base: Path, model: str, seed: int, steps: int, rounds: int) -> dict[str, RunFolder]:
    """The runs of one seed."""
    shared = {"seed": seed, "roles.*": {"model": model, "kl_reference": "round"}}
    exam = {"exam": {"stages": ["evaluate"], "until": "rounds(1)"}}

    def warm_up(count: int) -> dict[str, Any]:
        return {"stages": [f"warm_up(steps={count}, batch={BATCH}, learning_rate={RATE})"], "until": "rounds(1)"}

    playing = [stage for stage in STAGES if stage not in ("evaluate", "gate")]
    first = {"warm_up": warm_up(steps), "self_play": {"stages": playing, "until": f"rounds({rounds})"}, **exam}
    found = {FIRST: played(base / f"staged-{seed}", {**shared, "schedule": first})}
    whole, shown = tokens(found[FIRST]), tokens(found[FIRST], "warm_up")
    more = {"warm_up": warm_up(round(steps * whole / shown)), **exam}
    found["warm-up only"] = played(base / f"warm-up-{seed}", {**shared, "schedule": more})
    alone = {"self_play": {"stages": playing, "until": f"tokens({whole})"}, **exam}
    found["self-play only"] = played(base / f"self-play-{seed}", {**shared, "schedule": alone})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300, help="supervised steps of each role in the first way")
    parser.add_argument("--rounds", type=int, default=4, help="rounds of self-play in the first way")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    model = untrained(asked.folder / "untrained")
    seeds = [ways(asked.folder, model, seed, asked.steps, asked.rounds) for seed in range(asked.seeds)]
    print("| way | sampled, % | greedy, % | tokens, M | against the first, points |\n|---|---|---|---|---|")
    for name in seeds[0]:
        exams = [last_exam(found[name]) for found in seeds]
        sampled = " ".join(f"{100 * exam.accuracy.value:.1f}" for exam in exams)
        greedy = " ".join(f"{100 * exam.greedy_accuracy.value:.1f}" for exam in exams if exam.greedy_accuracy)
        cost = sum(tokens(found[name]) for found in seeds) / len(seeds) / 1e6
        print(f"| {name} | {sampled} | {greedy} | {cost:.2f} | {against(name, seeds)} |")


def against(name: str, seeds: list[dict[str, RunFolder]]) -> str:
    """The difference from the first way, all seeds together."""
    if name == FIRST:
        return "–"
    pairs = [(last_exam(found[FIRST]), last_exam(found[name])) for found in seeds]
    before, after = ([count for pair in pairs for count in pair[i].correct] for i in (0, 1))
    found = paired(before, after, pairs[0][0].samples)
    return f"{found.points:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"


if __name__ == "__main__":
    main()
