"""`selfplay-gym exam`: hold the held-out exam for one agent and print its scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..bench.resolve_agent import read_agent
from ..evaluation import held_out_questions
from ..exams.contamination import Contamination, check_contamination, run_of_checkpoint, training_texts
from ..exams.hold import exam
from ..exams.result import ExamResult, Score
from ..pages.terminal_table import Cell, TerminalTable
from ..pages.wording import counted
from ..progress import counting
from ..stats import Estimate


def hold_exam(
    agent: str,
    *,
    questions: int,
    samples: int,
    generator: str,
    verifier: str | None,
    seed: int,
    as_json: bool,
    console: Console,
    workers: str = "1",
) -> ExamResult:
    """Hold the exam and print it, as a table or as JSON.

    Args:
        agent: see `bench.resolve_agent`.
        questions: how many held-out questions.
        samples: samples per question.
        generator, verifier: registered names; no verifier means the grader of the domain of the questions.
        workers: who grades: a number of processes, or "ray(8)", who also sample from models.
        as_json: print `ExamResult.summary()` as JSON and nothing else.

    Raises:
        ConfigError: an unknown name, or more questions than the generator has.
    """
    with counting(None if as_json else console, "exam") as progress:
        result = exam(
            agent,
            questions=questions,
            samples=samples,
            generator=generator,
            verifier=verifier,
            seed=seed,
            progress=progress,
            workers=workers,
        )
    found = _contamination(agent, generator, questions, seed)
    if as_json:
        described = {**result.summary(), "generator": generator, "verifier": result.verifier, "seed": seed}
        described["contamination"] = None if found is None else found.as_dict()
        console.out(json.dumps(described, indent=1, ensure_ascii=False), highlight=False)
        return result
    console.print(
        f"{agent}: {counted(questions, 'held-out question')} of {generator!r}, graded by {result.verifier!r}",
        highlight=False,
    )
    console.print(_scores(result))
    for by in ("kind", "level"):
        rows = result.breakdown("kind" if by == "kind" else "level")
        if len(rows) > 1 and not (by == "level" and result.levels_are_lengths):
            console.print(_breakdown(by, rows, result))
    if result.levels_are_lengths:
        console.print(_by_length(result))
    for note in result.warnings():
        console.print(f"Note: {note}.", highlight=False)
    known = "this agent is not a checkpoint of a run, so there are no training questions to compare with"
    console.print(f"Contamination: {known if found is None else found}.", highlight=False)
    return result


def _contamination(agent: str, generator: str, questions: int, seed: int) -> Contamination | None:
    """The exam's questions among those of the run the agent is a checkpoint of; `None` for other agents."""
    run = run_of_checkpoint(Path(read_agent(agent).name))
    if run is None:
        return None
    asked = held_out_questions(generator, questions, seed)
    return check_contamination([question.text for question in asked], training_texts(run))


def _scores(result: ExamResult) -> TerminalTable:
    varying = f", {counted(result.samples, 'sample')} each" if result.samples_vary else ""
    rows = [_row(f"sampled (avg@{result.samples})", result.accuracy, f"mean over the questions{varying}")]
    if result.greedy_accuracy is not None:
        rows.append(_row("greedy", result.greedy_accuracy, "temperature 0"))
    for k, estimate in result.pass_at_powers().items():
        if k > 1:
            rows.append(_row(f"pass@{k}", estimate, f"any of {k} samples right"))
    for k in sorted(result.votes):
        rows.append(_row(f"majority@{k}", result.majority_at(k), f"vote of {k} samples right"))
    drawn = max(1, result.samples * len(result.keys))
    rows.append(["no answer", f"{100 * sum(result.invalid) / drawn:.1f} %", "", _dim("samples without an answer")])
    return _table("score", rows)


def _breakdown(name: str, found: Mapping[str, Estimate], result: ExamResult) -> TerminalTable:
    labels = result.kinds if name == "kind" else ["?" if x is None else f"{x:.2f}" for x in result.levels]
    return _table(name, [_row(row, score, counted(labels.count(row), "question")) for row, score in found.items()])


def _by_length(result: ExamResult) -> TerminalTable:
    """Every score per length, with its interval."""
    titles: dict[Score, str] = {
        "greedy": "greedy",
        "sampled": "sampled",
        "majority": f"majority@{result.samples}",
        "pass": f"pass@{result.samples}",
    }
    columns = {title: found for score, title in titles.items() if (found := result.breakdown("length", score))}
    cells: list[list[Cell]] = []
    for length in result.breakdown("length"):
        count = sum(str(one) == length for one in result.lengths)
        scores = (column[length] for column in columns.values())
        shown = (f"{100 * s.value:.0f} [{100 * s.low:.0f}, {100 * s.high:.0f}]" for s in scores)
        cells.append([length, str(count), *map(_whole, shown)])
    return TerminalTable("", ["operations", "questions", *columns], cells)


def _table(first: str, rows: Sequence[Sequence[Cell]]) -> TerminalTable:
    return TerminalTable("", [first, "accuracy", "95 % interval", ""], rows, left=[3])


def _row(name: str, estimate: Estimate, note: str) -> list[Cell]:
    limits = f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"
    return [name, f"{100 * estimate.value:.1f} %", _whole(limits), _dim(note)]


def _whole(text: str) -> Text:
    return Text(text, no_wrap=True)


def _dim(note: str) -> Text:
    return Text(note, "dim")
