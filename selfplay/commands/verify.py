"""Judge a file of attempts: JSON lines in, JSON lines out, continued where an earlier run stopped.

In, one object per line:  {"question": "...", "reference": "42", "attempts": ["...", "..."]}
`reference` may be missing (for a vote), `attempts` may be one text, and `meta` is handed to the verifier.

Out, one object per line of the input, in order:
{"line": 1, "key": "...", "question": "...", "label": "42", "label_source": "reference", "solve_rate": 0.5,
 "valid": true, "evidence": {...},
 "verdicts": [{"outcome": "correct", "score": 1.0, "answer": "42", "reason": "equal"}, ...]}
A line that cannot be read, or that the verifier fails on, becomes {"line": 3, "key": "...", "error": "..."}, and the
run goes on. `key` is a digest of the line and of the verifier's settings: only the same work is continued.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from ...agents.workers.named import ending, workers_of
from ...core.errors import ConfigError, RunError
from ...core.interrupts import Stopped
from ...core.options import parse_named
from ...core.options.json_rows import check_characters, is_csv, json_value
from ...core.options.paths import path_of
from ...core.protocols import BaseVerifier, Verifier, Workers
from ...core.records import Judgement, Outcome, Question
from ...core.registries import make_verifier
from ...envs.game.screening import ReadingVerifier
from ...verifiers.references.equivalence import SympyVerifier
from ..pages.wording import counted
from ..progress import bar_columns
from ..storage.files import make_folder

ATTEMPTS = ("attempts", "attempt")
CSV = '; it looks like CSV: write each row as {"question": "…", "reference": "…", "attempts": ["…"]}'
UNREADABLE = 1
"""Exit code of the command if the file was judged, but some lines could not be."""
MEASURED, GATHERED, SENT = 64, 16, 4
"""Lines judged together, and between two writes: where a verifier measures something on all of them; where it asks an
agent about all of them at once; and where it does neither, and a worker judges. Without workers that is one by one."""


@dataclass(frozen=True, slots=True)
class VerifySummary:
    """What a run of `verify_file` found, lines of earlier runs included.

    Attributes:
        lines: lines of the source.
        resumed: of these, lines an earlier run had judged.
        errors: lines that could not be read or judged.
        attempts: attempts judged.
        outcomes: how many were "correct", "wrong", "undecided".
        valid: questions with a valid judgement.
    """

    lines: int
    resumed: int
    errors: int
    attempts: int
    outcomes: dict[str, int]
    valid: int


def verify_file(
    source: str | Path,
    target: str | Path,
    verifier: str | Mapping[str, Any] | Verifier = "sympy",
    resume: bool = True,
    workers: int | str | Workers = 1,
    console: Console | None = None,
) -> VerifySummary:
    """Judge every line of `source` and write the judgements to `target`.

    Args:
        source: JSON lines with question, reference and attempts.
        target: JSON lines with verdicts and reasons; complete lines it already holds are kept if `resume`.
        verifier: by name, dict, or object (with other workers than this process it must pickle).
        resume: `False` starts again and overwrites.
        workers: who judges: a number of processes, or a kind such as "ray(8)"; the output is the same for all.
        console: where the progress bar goes, `None` shows nothing.

    Raises:
        ConfigError: no such source, target and source are one file, or one of them is no path.
        RunError: the target was written from another source, by a verifier with other settings, or by something else.
        Stopped: by Ctrl-C or SIGTERM; says how many lines are written, which another call keeps.
    """
    source, target = path_of("source", source, "attempts.jsonl"), path_of("target", target, "verdicts.jsonl")
    if not source.is_file():
        raise ConfigError(f"no such file: {str(source)!r}; expected JSON lines with question, reference, attempts")
    check_target(source, target)
    judges = workers_of(workers)
    judge, settings = make_verifier(verifier), _settings(verifier)
    total = sum(1 for line in _lines(source) if line.strip())
    counts = _completed(source, target, settings) if resume else _Counts()
    done = counts.lines
    make_folder(target.parent)
    todo = itertools.islice(((n, line) for n, line in enumerate(_lines(source), 1) if line.strip()), done, None)
    at_once = _lines_at_once(judge, judges.size == 1)
    chunks = iter(lambda: list(itertools.islice(todo, at_once)), [])
    try:
        with ending(judges, workers), target.open("ab" if done else "wb", buffering=0) as out, _bar(console) as bar:
            task = bar.add_task("verify", total=total, completed=done)
            for written, found in judges.map(_JudgeLines(judge, settings), chunks):
                _write(out, written)
                counts += found
                bar.update(task, advance=found.lines)
    except KeyboardInterrupt as error:
        again = "the same command" if resume else "the same command without --restart"
        kept = f"{counts.lines:,} of {counted(total, 'line')} judged in {str(target)!r}; {again} goes on with the rest"
        raise Stopped.keeping(error, kept) from None
    return VerifySummary(total, done, counts.errors, counts.attempts, counts.outcomes, counts.valid)


def check_target(source: Path, target: Path) -> None:
    """Refuse to write judgements where something else than a file of their own stands.

    Raises:
        ConfigError: the target is the source, or no plain file.
    """
    if "\0" in str(target) or (target.exists() and not target.is_file()):
        raise ConfigError(f"judgements are written to a plain file, which {str(target)!r} is not; choose another")
    if target.exists() and target.resolve() == source.resolve():
        raise ConfigError(f"source and target are the same file: {str(source)!r}")


def verifier_options(verifier: str, extract: str | None = None, policy: Sequence[str] = ()) -> str | dict[str, Any]:
    """A verifier as the command line names it, `name(key=value)`, with the mode of extraction and a policy beside it.

    Args:
        verifier: its name, with options of its own if it has any.
        extract: "strict" or "lenient", `None` for the verifier's default.
        policy: fields of its policy, each as "key=value".

    Raises:
        ConfigError: a field of the policy is not written key=value.
    """
    name, leading, options = parse_named(verifier)
    if leading or not (options or extract or policy):
        if extract or policy:
            raise ConfigError(f"options of {verifier!r} must be written key=value beside --extract and --policy")
        return verifier
    for field in policy:
        key, equals, _ = field.partition("=")
        if not equals or not key.strip().isidentifier():
            raise ConfigError(f"a policy is written key=value, as in units=ignored, got {field!r}")
    if extract is not None:
        options["extract"] = extract
    if policy:
        options["policy"] = parse_named(f"policy({', '.join(policy)})").options | dict(options.get("policy") or {})
    return {"name": name, **options}


def _lines_at_once(judge: Verifier, alone: bool) -> int:
    """How many lines are judged between two writes: few, so that little is waited for, and lost by a kill."""
    if getattr(judge, "measures_batch", False):
        return MEASURED
    if isinstance(judge, SympyVerifier):
        return judge.workers * (1 if alone and judge.workers == 1 else SENT)
    if type(judge).judge_many is not BaseVerifier.judge_many:
        return GATHERED
    return 1 if alone else SENT


class _Counts:
    """What records say, added up."""

    def __init__(self) -> None:
        self.lines = self.errors = self.attempts = self.valid = 0
        self.outcomes = {outcome.value: 0 for outcome in Outcome}

    def __iadd__(self, other: _Counts) -> _Counts:
        self.lines, self.errors = self.lines + other.lines, self.errors + other.errors
        self.attempts, self.valid = self.attempts + other.attempts, self.valid + other.valid
        self.outcomes = {outcome: count + other.outcomes[outcome] for outcome, count in self.outcomes.items()}
        return self

    def add(self, record: Mapping[str, Any]) -> None:
        self.lines += 1
        if "error" in record:
            self.errors += 1
            return
        self.valid += bool(record["valid"])
        self.attempts += len(record["verdicts"])
        for verdict in record["verdicts"]:
            self.outcomes[verdict["outcome"]] += 1


def _bar(console: Console | None) -> Progress:
    shown = console is not None and console.is_terminal
    return Progress(*bar_columns(), console=console, disable=not shown)


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as lines:
        yield from lines


def _write(out: FileIO, rest: bytes) -> None:
    """Write whole lines, without a buffer: after an error nothing is left that would be written at closing."""
    try:
        while rest:
            rest = rest[out.write(rest) :]
    except OSError as error:
        raise RunError(
            f"cannot write judgements to {str(out.name)!r}: {error.strerror}; what is written is kept: make room and "
            "give the same command again"
        ) from error


def _settings(verifier: str | Mapping[str, Any] | Verifier) -> str:
    """A verifier with its options as text; of an object no more than its class is known."""
    if isinstance(verifier, str | Mapping):
        return json.dumps(verifier, sort_keys=True, default=repr)
    return f"{type(verifier).__module__}.{type(verifier).__qualname__}"


def _key(settings: str, line: str) -> str:
    """What was judged, and how: equal for equal work."""
    return hashlib.sha256(f"{settings}\n{line.strip()}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _completed(source: Path, target: Path, settings: str) -> _Counts:
    """What an earlier run has judged; a last line cut off in writing is removed."""
    counts, kept = _Counts(), 0
    if not target.exists():
        return counts
    questions = ((n, line) for n, line in enumerate(_lines(source), 1) if line.strip())
    with target.open("rb") as written:
        for line in written:
            if line.endswith(b"\n"):
                counts.add(_earlier(target, line, next(questions, None), settings))
                kept += len(line)
    if kept < target.stat().st_size:
        with target.open("r+b") as file:
            file.truncate(kept)
            os.fsync(file.fileno())
    return counts


def _earlier(target: Path, line: bytes, asked: tuple[int, str] | None, settings: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
        same = asked is not None and (record["line"], record["key"]) == (asked[0], _key(settings, asked[1]))
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise RunError(
            f"{str(target)!r} is not what this verifier makes of this source: it was written from another one, or with "
            "other settings. Choose another target, or judge everything again with --restart"
        )
    return dict(record)


@dataclass(frozen=True)
class _JudgeLines:
    """Numbered lines → what is written for them, and what was counted; what a worker is given to do."""

    judge: Verifier
    settings: str

    def __call__(self, lines: list[tuple[int, str]]) -> tuple[bytes, _Counts]:
        records, counts = judge_lines(self.judge, self.settings, lines), _Counts()
        for record in records:
            counts.add(record)
        return "".join(json.dumps(record, ensure_ascii=True) + "\n" for record in records).encode("ascii"), counts


def judge_lines(judge: Verifier, settings: str, lines: list[tuple[int, str]]) -> list[dict[str, Any]]:
    """Records for some numbered lines, in order."""
    records: dict[int, dict[str, Any]] = {}
    read: list[tuple[int, Question, list[str]]] = []
    for number, line in lines:
        try:
            question, attempts = _read(line)
            read.append((number, question, attempts))
        except ValueError as error:
            remedy = CSV if number == 1 and is_csv(line) else ""
            records[number] = {"error": f"{error}{remedy}"}
        except RecursionError:
            records[number] = {"error": "nested too deeply"}
    records |= _judged_together(judge, read)
    return [{"line": number, "key": _key(settings, line)} | records[number] for number, line in lines]


def _judged_together(judge: Verifier, read: list[tuple[int, Question, list[str]]]) -> dict[int, dict[str, Any]]:
    """Records of lines that could be read. If the verifier fails on some, those alone become errors."""
    try:
        reading = ReadingVerifier(judge)
        judgements = reading.judge_many([question for _, question, _ in read], [attempts for _, _, attempts in read])
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001 - any verifier, also a user's: its failure on one line must not end the file
        if len(read) == 1:
            return {read[0][0]: {"error": f"the verifier failed: {type(error).__name__}: {error}"}}
        return {number: record for line in read for number, record in _judged_together(judge, [line]).items()}
    pairs = zip(read, judgements, strict=True)
    return {number: _record(question, judgement) for (number, question, _), judgement in pairs}


def _read(line: str) -> tuple[Question, list[str]]:
    row = json_value(line)
    if not isinstance(row, dict):
        raise ValueError("expected an object with question, reference and attempts")
    if "\\u" in line:  # attempts are judged as a model wrote them; the rest is read as in a file of questions
        check_characters({key: value for key, value in row.items() if key not in ATTEMPTS})
    attempts = next((row[name] for name in ATTEMPTS if name in row), None)
    attempts = [attempts] if isinstance(attempts, str) else attempts
    if not isinstance(attempts, list) or not all(isinstance(attempt, str) for attempt in attempts):
        raise ValueError("'attempts' must be a list of texts")
    reference = row.get("reference")
    if not (reference is None or isinstance(reference, str | int | float)):
        raise ValueError(f"'reference' must be a text, got {type(reference).__name__}")
    text, meta = row.get("question", ""), row.get("meta", {})
    if not isinstance(text, str) or not isinstance(meta, dict):
        raise ValueError("'question' must be a text and 'meta' an object")
    return Question(text, reference=None if reference is None else str(reference), meta=meta), attempts


def _record(question: Question, judgement: Judgement) -> dict[str, Any]:
    verdicts = [
        {"outcome": v.outcome.value, "score": v.score, "answer": v.answer, "reason": v.reason}
        for v in judgement.verdicts
    ]
    return {
        "question": question.text,
        "label": judgement.label,
        "label_source": judgement.label_source,
        "solve_rate": judgement.solve_rate,
        "valid": judgement.valid,
        "verdicts": verdicts,
        "evidence": dict(judgement.evidence),
    }
