"""Does a real model learn? SmolLM2-135M after its warm-up, a trained challenger against three controls.

    python benchmarks/smollm2.py FOLDER [--device cuda] [--seed 0] [--rounds 3] [--out docs/smollm2-run.md]

    full          the preset smollm2: the challenger is trained, checked votes label
    untrained     its challenger stays as the warm-up left it
    procedural    a generator asks, no challenger
    format-only   the solver is rewarded for the asked form, whatever the answer

The warm-up is made once, in FOLDER/base, and all arms begin as it: they take the identical exam before the first round,
so every gain is paired by question. Arms are ordinary run folders, each played by a process of its own, `--jobs` at a
time. What is finished is not played again, a killed one goes on, and the report is of the rounds there are.
`--device cuda` brings larger batches, in which a GPU costs nothing more; `--set` changes any setting of all arms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfplay_gym import train
from selfplay_gym.selfplay.ablate.rows import find_variant
from selfplay_gym.selfplay.evaluation import ExamResult, Which, compare
from selfplay_gym.selfplay.pages.figures import colour, draw_svg, legend, per_cent, plot_rates, round_ticks, svg_file
from selfplay_gym.selfplay.pages.tables import markdown_table, provenance_line
from selfplay_gym.selfplay.pages.wording import in_per_cent, percent, points, shown
from selfplay_gym.selfplay.report.cost import read_costs
from selfplay_gym.selfplay.run.provenance import describe_environment
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.presets import MOST_COMMON
from selfplay_gym.selfplay.stats import Paired
from selfplay_gym.selfplay.storage.run_folder import CONFIG, RunFolder
from selfplay_gym.selfplay.warmup.train_base import train_base

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ARMS = {
    "full": "full",
    "untrained": "untrained challenger",
    "procedural": "procedural challenger",
    "format-only": "reward format",
}
"""Names here, and what they are called in an ablation."""
SCORES: tuple[Which, ...] = ("sampled", "greedy")
LARGE: Mapping[str, Any] = {
    "questions.count": 2048,
    "roles.challenger": {"steps": 4, "groups": 16, "samples": 8},
    "roles.solver": {"groups": 32, "update": MOST_COMMON.replace("steps=48", "steps=192")},
    "roles.*.grpo.micro_batch_tokens": 8192,
    "exam": {"questions": 384, "samples": 4, "batch": 384},
    "guard.questions": 64,
    "storage.save_every": 100,
}
"""What a GPU changes of the preset, which is sized for two cores."""
ENVIRONMENT = {"PYTORCH_ALLOC_CONF": "expandable_segments:True", "TOKENIZERS_PARALLELISM": "false"}
"""Of the arms: batches of every size come and go, and side by side they share a GPU's memory."""
SHOWN = 8
"""Questions of each challenger that are shown."""
GRACE = 20.0
"""Seconds that a run has to save itself when the time is up."""


def config_of(arm: str, base: Path, asked: argparse.Namespace) -> RunConfig:
    """The settings of an arm: preset, device, `--set`, and what the arm changes."""
    config = compose("smollm2", seed=asked.seed).replace({"roles.*.model": str(base), "compute.device": asked.device})
    if asked.device != "cpu":
        config = config.replace(LARGE)
    if asked.rounds is not None:
        config = config.replace(rounds=asked.rounds)
    for assignment in asked.set:
        path, _, value = assignment.partition("=")
        config = config.replace({path: json.loads(value)})
    change = find_variant(ARMS[arm])
    return config.replace(change(config) if callable(change) else change)


def warmed_up(asked: argparse.Namespace) -> Path:
    """The folder of the warmed-up model, made if it is not there."""
    folder: Path = asked.base or asked.folder / "base"
    if not (folder / "README.md").exists():
        begun, part = time.perf_counter(), folder.with_name(f"{folder.name}.{os.getpid()}")
        train_base("smollm2", part, seed=asked.seed, steps=asked.steps, device=asked.device, exam=(64, 1))
        part.rename(folder)
        cost = {"seconds": round(time.perf_counter() - begun, 1), "device": asked.device}
        (folder / "cost.json").write_text(json.dumps(cost) + "\n", encoding="utf-8")
    return folder


def play(arm: str, base: Path, asked: argparse.Namespace) -> None:
    """Play an arm to its end, from wherever it stands."""
    path = asked.folder / arm
    train(config_of(arm, base, asked), path, resume=(path / CONFIG).exists())


def play_all(asked: argparse.Namespace, minutes: float | None) -> None:
    """Each arm in a process of its own, so many at a time; when the time is up they save and leave."""
    waiting, running = list(asked.arms), dict[str, subprocess.Popen[bytes]]()
    ends = math.inf if minutes is None else time.monotonic() + 60 * minutes
    try:
        while (waiting or running) and time.monotonic() < ends:
            while waiting and len(running) < asked.jobs:
                arm = waiting.pop(0)
                with open(asked.folder / f"{arm}.log", "ab") as log:
                    command = [sys.executable, str(Path(__file__)), *sys.argv[1:], "--play", arm]
                    running[arm] = subprocess.Popen(command, stdout=log, stderr=log, env={**ENVIRONMENT, **os.environ})
            for arm, process in list(running.items()):
                with contextlib.suppress(subprocess.TimeoutExpired):
                    print(f"{arm}: ended with {process.wait(0.5)}", flush=True)
                    del running[arm]
    finally:
        _end(list(running.values()))


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Played:
    """What there is of an arm: exams by round, the labelling of each round, training steps, costs, and the first
    questions of the last round that were asked, with their label."""

    arm: str
    exams: dict[int, ExamResult]
    labels: dict[int, dict[str, Any]]
    steps: list[dict[str, Any]]
    costs: list[dict[str, Any]]
    questions: list[dict[str, Any]]

    @classmethod
    def read(cls, arm: str, path: Path) -> Played | None:
        """`None` where no exam was held yet."""
        if not (path / "state.json").exists():
            return None
        folder = RunFolder.open(path)
        rows = list(folder.rows("metrics"))
        exams = {row["round"]: ExamResult.from_dict(row["exam"]) for row in rows if "exam" in row}
        labels = {row["round"]: row for row in rows if "kept" in row and "asked" in row}
        steps = [row for row in rows if "role" in row and "step" in row]
        costs = [{"phase": c.phase, "seconds": c.seconds, "cpu_s": c.cpu_s, **c.tokens} for c in read_costs(folder)]
        asked = {(row["round"], row["index"]): row["text"] for row in folder.rows("questions")}
        first = [
            {"text": asked[row["round"], row["index"]], **{name: row[name] for name in ("label", "solve_rate", "kept")}}
            for row in folder.rows("labels")
            if row["round"] == max(labels, default=0)
        ][:SHOWN]
        return cls(arm, exams, labels, steps, costs, first) if exams else None

    @property
    def last(self) -> int:
        """The last round that was examined."""
        return max(self.exams)

    def gain(self, on: Which) -> Paired:
        """Points over the warm-up."""
        return compare(self.exams[0], self.exams[self.last], on)

    def total(self, name: str) -> float:
        """A cost, summed over the stages."""
        return float(sum(cost.get(name) or 0 for cost in self.costs))

    def as_dict(self) -> dict[str, Any]:
        """Everything but the single questions."""
        return {
            "arm": self.arm,
            "exams": {number: exam.summary() for number, exam in self.exams.items()},
            "gain": self.gain("sampled").as_dict(),
            "greedy_gain": self.gain("greedy").as_dict(),
            "labels": self.labels,
            "steps": self.steps,
            "costs": self.costs,
            "questions": self.questions,
        }


def exam_rows(arms: Sequence[Played]) -> list[str]:
    """Sampled and greedy accuracy by round, and what was gained."""
    rounds = sorted({number for one in arms for number in one.exams})
    header = ["arm", *("warm-up" if n == 0 else f"round {n}" for n in rounds), "gain", "against full"]
    full = next((one for one in arms if one.arm == "full"), None)
    cells = []
    for on in SCORES:
        for one in arms:
            exams = [one.exams.get(number) for number in rounds]
            found = [None if e is None else e.accuracy if on == "sampled" else e.greedy_accuracy for e in exams]
            same = full is not None and full is not one and full.last == one.last
            versus = compare(full.exams[full.last], one.exams[one.last], on) if full is not None and same else None
            cells.append([f"{one.arm}, {on}", *map(percent, found), points(one.gain(on)), points(versus)])
    return markdown_table(header, cells)


def kind_rows(arms: Sequence[Played]) -> list[str]:
    """Accuracy by kind of question, at the warm-up and at the end."""
    kinds = list(arms[0].exams[0].breakdown("kind"))
    cells = []
    for score in SCORES:
        first = arms[0].exams[0].breakdown("kind", score)
        cells.append([f"warm-up, {score}", *(percent(first.get(kind)) for kind in kinds)])
        for one in arms:
            last = one.exams[one.last].breakdown("kind", score)
            cells.append([f"{one.arm}, {score}", *(percent(last.get(kind)) for kind in kinds)])
    return markdown_table(["after the last round", *kinds], cells)


def label_rows(arms: Sequence[Played]) -> list[str]:
    """Round by round: asked, kept, and how many labels are right."""
    header = ["arm", "round", "written", "asked", "readable, %", "p̂", "checked", "not confirmed, %", "kept"]
    header += ["asked labels right, %", "kept labels right, %"]
    cells = []
    for one in arms:
        for number, row in one.labels.items():
            known = [row[name] for name in ("readable_share", "disagreement", "label_accuracy", "kept_label_accuracy")]
            readable, against, right, kept = (in_per_cent(share) for share in known)
            counts = [str(row[name]) for name in ("written", "asked", "checked", "kept")]
            begin = [one.arm, str(number), *counts[:2], readable, f"{row['solve_rate']:.2f}"]
            cells.append([*begin, counts[2], against, counts[3], right, kept])
    return markdown_table(header, cells)


def cost_rows(arms: Sequence[Played], base: Path) -> list[str]:
    """Seconds and tokens of each arm."""
    header = ["arm", "wall s", "CPU s", "tokens sampled, k", "trained, k", "in exams, k"]
    names = ("sampled", "trained", "examined")
    cells = []
    if (base / "cost.json").exists():
        cells.append(["warm-up", f"{json.loads((base / 'cost.json').read_text())['seconds']:.0f}", "", "", "", ""])
    for one in arms:
        tokens = [f"{one.total(name) / 1000:.0f}" for name in names]
        cells.append([one.arm, f"{one.total('seconds'):.0f}", f"{one.total('cpu_s'):.0f}", *tokens])
    return markdown_table(header, cells)


def question_lines(arms: Sequence[Played]) -> list[str]:
    """What the challengers asked in their last round, with label and p̂."""
    lines = []
    for one in arms:
        lines += ["", f"{one.arm}, round {max(one.labels)}:", ""] if one.questions else []
        lines += [f"- {shown(q['text'], 300)} → {q['label']} (p̂ {q['solve_rate']:.2f})" for q in one.questions]
    return lines


def draw(axes: Axes, arms: Sequence[Played]) -> None:
    """Sampled accuracy by round."""
    for index, one in enumerate(arms):
        shift = 0.06 * (index - (len(arms) - 1) / 2)
        rounds = [number + shift for number in one.exams]
        plot_rates(axes, rounds, [exam.accuracy for exam in one.exams.values()], one.arm, colour(index))
    per_cent(axes, "right answers, sampled")
    round_ticks(axes, sorted({number for one in arms for number in one.exams}))
    axes.set_title("SmolLM2-135M on held-out questions")
    legend(axes, 2)


def report(asked: argparse.Namespace) -> None:
    """Markdown, JSON and a figure of what there is."""
    arms = [one for arm in ARMS if (one := Played.read(arm, asked.folder / arm)) is not None]
    if not arms:
        print("no arm has held its exam yet")
        return
    known, out = {**describe_environment(), "device": device_name(asked.device)}, asked.out
    known["command"] = ["python", "benchmarks/smollm2.py", "FOLDER", *sys.argv[2:]]
    exam = arms[0].exams[0]
    parts = [
        "# SmolLM2-135M teaches itself",
        f"{provenance_line(known)}; device {known['device']}.",
        f"![accuracy by round]({out.with_suffix('.svg').name})",
        f"Exam: {len(exam.keys)} held-out questions × {exam.samples} samples. Right answers in per cent, gains in "
        "points, 95 % intervals over questions, paired. One seed.",
        "\n".join(exam_rows(arms)),
        "\n".join(kind_rows(arms)),
        "\n".join(label_rows(arms)),
        "Cost. Arms that ran side by side shared the device, so their seconds are not what each would need alone.",
        "\n".join(cost_rows(arms, asked.base or asked.folder / "base")),
        "First questions of the last round:\n" + "\n".join(question_lines(arms)),
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    data = {"environment": known, "arms": [one.as_dict() for one in arms]}
    out.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print("\n\n".join(parts), flush=True)
    label = "Right answers in the held-out exam by round, one line per arm."
    out.with_suffix(".svg").write_text(svg_file(draw_svg(lambda axes: draw(axes, arms), label)), encoding="utf-8")


def device_name(device: str) -> str:
    """What a device is called."""
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def main() -> None:
    parser = argparse.ArgumentParser(description="SmolLM2 after its warm-up: a trained challenger against controls.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--arms", type=lambda text: text.split(","), default=list(ARMS), help="joined by commas")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--base", type=Path, help="a model that is warmed up already")
    parser.add_argument("--steps", type=int, help="of the warm-up")
    parser.add_argument("--jobs", type=int, help="arms at a time; left out: one on a CPU, all on a GPU")
    parser.add_argument("--minutes", type=float, help="for the arms; then they save, and the report is written")
    parser.add_argument("--set", action="append", default=[], help="a setting of all arms, path=JSON")
    parser.add_argument("--out", type=Path, help="the Markdown file; left out: FOLDER/report.md")
    parser.add_argument("--play", choices=ARMS, help="one arm in this process")
    parser.add_argument("--report", action="store_true", help="of what there is; nothing is played")
    asked = parser.parse_args()
    if unknown := set(asked.arms) - set(ARMS):
        parser.error(f"no arm {', '.join(sorted(unknown))}; there are {', '.join(ARMS)}")
    asked.jobs = asked.jobs or (1 if asked.device == "cpu" else len(asked.arms))
    asked.out = asked.out or asked.folder / "report.md"
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.report:
        report(asked)
        return
    base = warmed_up(asked)
    if asked.play:
        play(asked.play, base, asked)
        return
    play_all(asked, asked.minutes)
    report(asked)


if __name__ == "__main__":
    main()
