"""How many labelled answers does the checker judge as wanted, and does it pay a wrong one?

    python benchmarks/labelled_answers.py [tests/data/answers_2.jsonl] [--failures]

Fields of a row: `kind` (equivalence, extraction, extraction-strict, extraction-lenient: one attempt against
`reference`; vote: a list of answers and the sizes of their classes; cascade: a list of attempts and their outcomes),
`want`, `contested` (the field disagrees about the label). Every answer of a vote is put both bare and in a box.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from selfplay_gym import Question, make_verifier

ROWS = Path(__file__).parent.parent / "tests" / "data" / "answers_2.jsonl"


def load(path: Path = ROWS) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def found(row: dict[str, Any]) -> Any:
    """What the checker says, in the form of `row["want"]`."""
    question = Question("", reference=row["reference"])
    if row["kind"] == "vote":
        boxed = [f"\\boxed{{{answer}}}" for answer in row["attempt"]]
        sizes = [
            make_verifier("majority").judge(question, texts).evidence["class_sizes"]
            for texts in (row["attempt"], boxed)
        ]
        return {"class_sizes": sizes[0]} if sizes[0] == sizes[1] else {"bare": sizes[0], "boxed": sizes[1]}
    if row["kind"] == "cascade":
        return [verdict.outcome.value for verdict in make_verifier("cascade").judge(question, row["attempt"]).verdicts]
    mode = "strict" if row["kind"] == "extraction-strict" else "lenient"
    outcome = make_verifier("sympy", extract=mode).judge(question, [row["attempt"]]).verdicts[0].outcome.value
    return "undecided-ok" if row["want"] == "undecided-ok" and outcome == "undecided" else outcome


def pays_a_wrong_answer(row: dict[str, Any], found: Any) -> bool:
    """Whether an attempt that the label calls wrong or undecided was called correct."""
    wants, finds = (row["want"], found) if isinstance(found, list) else ([row["want"]], [found])
    return any(f == "correct" and w != "correct" for w, f in zip(wants, finds, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, nargs="?", default=ROWS)
    parser.add_argument("--failures", action="store_true", help="print the rows that are not as wanted")
    options = parser.parse_args()
    right: Counter[tuple[str, bool]] = Counter()
    count: Counter[tuple[str, bool]] = Counter()
    paid = 0
    for row in load(options.rows):
        what, kind = found(row), (row["kind"], row["contested"])
        count[kind] += 1
        right[kind] += what == row["want"]
        paid += pays_a_wrong_answer(row, what) and not row["contested"]
        if options.failures and what != row["want"]:
            mark = "PAID " * pays_a_wrong_answer(row, what) + "contested " * row["contested"]
            print(f"{mark}{row['kind']} {row['class']}: {row['reference']!r} | {row['attempt']!r}")
            print(f"    {what}, wanted {row['want']} ({row['why']})")
    for kind in sorted(count):
        print(f"{kind[0]:20} {'contested' if kind[1] else '':10} {right[kind]} of {count[kind]}")
    plain = [kind for kind in count if not kind[1]]
    share = sum(right[kind] for kind in plain) / max(1, sum(count[kind] for kind in plain))
    print(f"uncontested {share:.1%} as wanted; {paid} wrong answers paid")


if __name__ == "__main__":
    main()
