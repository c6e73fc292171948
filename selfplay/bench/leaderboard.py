"""A leaderboard file: one JSON line per result, and the Markdown page made from it.

A submission is what `selfplay-gym bench … --out FILE.json` wrote. A result enters only with what it takes to repeat it:
the command, the seed, the commit, and the hash of the exam's content, so that only results on the same questions are
ranked together.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError, short
from ...core.options.json_rows import strict_value
from ...core.options.typed import fits, hints_of
from ..storage.files import read_given

FEWEST = 100
"""Questions a submitted exam must have: below, the interval is wider than most differences."""


PARTS = ("entries", "suites", "settings", "provenance", "contamination")
"""What the file of a benchmark has and is read here."""
WRITTEN = "expected what a benchmark writes"


@dataclass(frozen=True, slots=True)
class Result:
    """One agent on one suite. Scores are shares in [0, 1] with 95 % intervals over questions.

    Attributes:
        digest: hash of the suite's content; results are comparable if and only if it is equal.
        greedy: `None` if the agent has no greedy mode.
        commit: of the source the benchmark ran from, `None` outside a checkout.
    """

    agent: str
    suite: str
    digest: str
    questions: int
    samples: int
    score: float
    low: float
    high: float
    greedy: float | None
    seed: int
    date: str
    command: str
    commit: str | None
    version: str

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """A later result with the same identity replaces an earlier one."""
        return self.agent, self.digest, self.samples, self.seed


_TYPES = hints_of(Result)


def read_submission(path: Path) -> list[Result]:
    """The results in a benchmark's JSON file.

    Raises:
        ConfigError: not such a file, exam items that leaked into training, or an exam too small to rank.
    """
    try:
        results, trained = _results(_read_report(read_given(path), str(path)), str(path))
    except ConfigError as error:
        raise ConfigError(f"{error}; write one with: selfplay-gym bench AGENT --out FILE.json") from None
    for name, exact in trained:
        raise ConfigError(f"{name}: exam questions were trained on ({exact} exact); such a result is not ranked")
    for result in results:
        if result.questions < FEWEST:
            raise ConfigError(f"{result.suite}: too few questions to rank, {result.questions}; use at least {FEWEST}")
    return results


def submit(path: Path, board: Path) -> list[Result]:
    """Add a submission to the board (a `.jsonl` file), write the page beside it, and return the whole board."""
    merged = {result.identity: result for result in [*read_board(board), *read_submission(path)]}
    results = list(merged.values())
    board.parent.mkdir(parents=True, exist_ok=True)
    board.write_text("".join(json.dumps(asdict(result)) + "\n" for result in results), encoding="utf-8")
    board.with_suffix(".md").write_text(to_markdown(results), encoding="utf-8")
    return results


def read_board(board: Path) -> list[Result]:
    """The results of a board; none if the file does not exist.

    Raises:
        ConfigError: a line of it is no result; says which.
    """
    if not board.exists():
        return []
    lines = enumerate(read_given(board).split("\n"), 1)
    return [_stored(line, f"line {number} of {str(board)!r}") for number, line in lines if line.strip()]


def _stored(line: str, where: str) -> Result:
    try:
        row = strict_value(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or row.keys() != _TYPES.keys() or not _fits(row):
        raise ConfigError(
            f"{where} is no result, so this is not a leaderboard file: it has an object with {', '.join(_TYPES)} a "
            "line, as selfplay-gym leaderboard writes it; name another one with --board"
        )
    return Result(**row)


def _fits(row: Mapping[str, Any]) -> bool:
    return all(fits(row[name], kind) for name, kind in _TYPES.items())


def _read_report(text: str, name: str) -> dict[str, Any]:
    try:
        report = strict_value(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name!r} is not JSON that can be read ({error}); {WRITTEN}") from None
    if not isinstance(report, dict):
        raise ConfigError(f"{name!r} holds {short(report)}; {WRITTEN}, which is an object")
    missing = [key for key in PARTS if key not in report]
    if missing:
        raise ConfigError(f"{name!r} has no {', '.join(missing)}; {WRITTEN}, of agents on suites")
    return report


def to_markdown(results: Sequence[Result]) -> str:
    """The page: one table per exam content, best first."""
    lines = [
        "# Leaderboard",
        "",
        "Generated by `selfplay-gym leaderboard`; do not edit. Scores are avg@k in per cent with 95 %",
    ]
    lines += ["intervals over questions. Results stand in one table only if their exams have the same content.", ""]
    for suite, digest in sorted({(result.suite, result.digest) for result in results}):
        ranked = sorted(
            (r for r in results if r.digest == digest and r.suite == suite), key=lambda r: (-r.score, r.agent)
        )
        lines += [f"## {suite} ({ranked[0].questions} questions, content {digest})", ""]
        lines += ["| agent | avg@k | k | greedy | seed | date | version | commit | command |"]
        lines += ["| --- | --- | --- | --- | --- | --- | --- | --- | --- |", *map(_row, ranked), ""]
    return "\n".join(lines)


def _row(r: Result) -> str:
    score = f"{100 * r.score:.1f} [{100 * r.low:.1f}, {100 * r.high:.1f}]"
    greedy = "–" if r.greedy is None else f"{100 * r.greedy:.1f}"
    commit = "–" if r.commit is None else r.commit[:10] + ("+changes" if r.commit.endswith("+changes") else "")
    cells = [r.agent, score, str(r.samples), greedy, str(r.seed), r.date, r.version, commit, f"`{r.command}`"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _results(report: dict[str, Any], name: str) -> tuple[list[Result], list[tuple[str, int]]]:
    """What a report has measured, and the suites whose questions were trained on, with how many were."""
    try:
        results = [_result(report, entry) for entry in report["entries"]]
        trained = [(name, int(found["exact"])) for name, found in report["contamination"].items() if not found["clean"]]
    except (ValueError, LookupError, TypeError, AttributeError, StopIteration) as error:
        what = f"a part without {error}" if isinstance(error, KeyError) else "a part of another form"
        raise ConfigError(f"{name!r} has {what}; {WRITTEN}") from None
    if not results:
        raise ConfigError(f"{name!r} has no entries; {WRITTEN}, of agents on suites")
    return results, trained


def _result(report: dict[str, Any], entry: dict[str, Any]) -> Result:
    suite = next(s for s in report["suites"] if s["name"] == entry["suite"])
    summary, origin = entry["summary"], report["provenance"]
    if not fits(origin["command"], list[str]) or isinstance(origin["command"], str):
        raise TypeError("the command is a list of words")
    found = Result(
        agent=str(summary["agent"]),
        suite=str(suite["name"]),
        digest=str(suite["digest"]),
        questions=int(summary["questions"]),
        samples=int(summary["samples"]),
        score=float(summary["accuracy"]["value"]),
        low=float(summary["accuracy"]["low"]),
        high=float(summary["accuracy"]["high"]),
        greedy=None if summary["greedy"] is None else float(summary["greedy"]["value"]),
        seed=int(report["settings"]["seed"]),
        date=str(origin["date"]),
        command=shlex.join(origin["command"]),
        commit=origin.get("commit"),
        version=str(origin["versions"]["selfplay-gym"]),
    )
    if not _fits(asdict(found)):
        raise TypeError("a field has another type")
    return found
