"""The answer checker beside its peers: right, false "equal", false "different", undecided, pairs per CPU-second.

    python benchmarks/verifiers.py                     all peers on tests/data/equivalence.jsonl
    python benchmarks/verifiers.py --vote              1,000 questions x 10 attempts, against pairwise mathruler

Every checker runs alone in a fresh process per repetition (so nothing is cached from the one before), single-threaded,
on the same pairs; CPU time of judging, imports excluded; medians of --repeat. math-verify and TRL get bare answers in
dollar signs or boxes, mathruler without, as each reads them best. The peers need the extra [bench].
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAIRS = Path(__file__).parent.parent / "tests" / "data" / "equivalence.jsonl"
Checker = Callable[[str, str], bool | None]


def ours() -> Checker:
    from selfplay_gym import Outcome, Question, make_verifier

    verifier = make_verifier("sympy")
    equal = {Outcome.CORRECT: True, Outcome.WRONG: False, Outcome.UNDECIDED: None}
    return lambda gold, pred: equal[verifier.judge(Question("", reference=gold), [pred]).verdicts[0].outcome]


def dressed(text: str) -> str:
    """A bare answer as these peers want it: they find LaTeX only between dollar signs."""
    return text if "$" in text or "boxed" in text or "\\[" in text or "\\(" in text or len(text) > 80 else f"${text}$"


def boxed(text: str) -> str:
    """A bare answer as TRL's reward wants it."""
    return text if "boxed" in text or len(text) > 80 else f"\\boxed{{{text.strip('$')}}}"


def math_verify() -> Checker:
    from math_verify import parse, verify

    return lambda gold, pred: verify(parse(dressed(gold)), parse(dressed(pred)))


def mathruler() -> Checker:
    from mathruler.grader import extract_boxed_content, grade_answer

    def check(gold: str, pred: str) -> bool:
        boxed = extract_boxed_content(pred)
        return bool(grade_answer(pred.strip("$") if boxed == "None" else boxed, gold.strip("$")))

    return check


def trl() -> Checker:
    from trl.rewards import accuracy_reward

    def check(gold: str, pred: str) -> bool | None:
        reward = accuracy_reward([[{"role": "assistant", "content": boxed(pred)}]], [dressed(gold)])[0]
        return None if reward is None else reward == 1.0

    return check


PEERS: dict[str, Callable[[], Checker]] = {"ours": ours, "math-verify": math_verify, "mathruler": mathruler, "trl": trl}


def run_one(name: str) -> dict[str, Any]:
    """One repetition of one checker, in this process."""
    rows = [json.loads(line) for line in PAIRS.read_text().splitlines()]
    check = PEERS[name]()
    check("\\sqrt{2}", "\\frac{2}{\\sqrt{2}}")  # what is imported at first use
    counts = {
        family: {"right": 0, "false_equal": 0, "false_different": 0, "undecided": 0, "of": 0}
        for family in ("public", "own")
    }
    seconds = []
    for row in rows:
        start = time.process_time()
        try:
            decision = check(row["gold"], row["pred"])
        except Exception:  # noqa: BLE001 - a peer that raises has not decided
            decision = None
        seconds.append(time.process_time() - start)
        count = counts["own" if row["source"].startswith("own/") else "public"]
        count["of"] += 1
        count["right"] += decision is bool(row["label"])
        count["false_equal"] += decision is True and not row["label"]
        count["false_different"] += decision is False and bool(row["label"])
        count["undecided"] += decision is None
    return {"counts": counts, "seconds": sum(seconds), "worst": max(seconds), "pairs": len(rows)}


def compare(names: list[str], repeat: int) -> None:
    rates: dict[str, float] = {}
    heads = ["public", "own", "false =", "false ≠", "undecided", "pairs/CPU-s", "worst ms"]
    print(f"{'checker':12}" + "".join(f" {head:>11}" for head in heads))
    for name in names:
        runs = [json.loads(child("--one", name)) for _ in range(repeat)]
        counts, rates[name] = runs[0]["counts"], runs[0]["pairs"] / statistics.median(run["seconds"] for run in runs)
        public, own = (counts[family]["right"] / counts[family]["of"] for family in ("public", "own"))
        total = {
            key: counts["public"][key] + counts["own"][key] for key in ("false_equal", "false_different", "undecided")
        }
        worst = 1000 * statistics.median(run["worst"] for run in runs)
        shown = [f"{public:.1%}", f"{own:.1%}", *total.values(), f"{rates[name]:,.0f}", f"{worst:.1f}"]
        print(f"{name:12}" + "".join(f" {value:>11}" for value in shown), flush=True)
    if {"ours", "math-verify"} <= set(names):
        print(f"ours / math-verify: {rates['ours'] / rates['math-verify']:.1f} times the pairs per CPU-second")


def votes(questions: int, attempts: int) -> list[tuple[int, list[str]]]:
    """(value, boxed answers in several spellings) per question; the right one leads, wrong ones scatter."""
    rng = random.Random(0)
    groups = []
    for _ in range(questions):
        value = rng.randint(2, 400)
        right = [f"{value}", f"{value}.0", f"\\frac{{{2 * value}}}{{2}}", f"{value}", f"{value} "]
        texts = [
            rng.choice(right) if rng.random() < 0.6 else str(value + rng.choice([-3, -2, -1, 1, 2, 3]))
            for _ in range(attempts)
        ]
        groups.append((value, [f"Step by step we get \\boxed{{{text}}}." for text in texts]))
    return groups


def vote_ours(groups: list[list[str]]) -> list[str | None]:
    from selfplay_gym import Question, make_verifier

    verifier = make_verifier("majority")
    verifier.judge(Question(""), ["1"])
    start = time.process_time()
    judgements = verifier.judge_many([Question("")] * len(groups), groups)
    print(json.dumps({"seconds": time.process_time() - start}))
    return [judgement.label for judgement in judgements]


def vote_pairwise(groups: list[list[str]]) -> list[str | None]:
    """R-Zero's way: each answer is graded against the groups found so far."""
    from mathruler.grader import extract_boxed_content, grade_answer

    grade_answer("1", "2")
    labels: list[str | None] = []
    start = time.process_time()
    for group in groups:
        classes: list[list[str]] = []
        for attempt in group:
            answer = extract_boxed_content(attempt)
            for found in classes:
                if grade_answer(answer, found[0]) or grade_answer(found[0], answer):
                    found.append(answer)
                    break
            else:
                classes.append([answer])
        most = max(len(found) for found in classes)
        winners = [found for found in classes if len(found) == most]
        labels.append(winners[0][0] if len(winners) == 1 else None)
    print(json.dumps({"seconds": time.process_time() - start}))
    return labels


def compare_votes(questions: int, attempts: int, repeat: int) -> None:
    from selfplay_gym.verifiers import equal

    seconds: dict[str, float] = {}
    labels: dict[str, list[str | None]] = {}
    for name in ("vote-ours", "vote-pairwise"):
        runs = [
            child("--one", name, "--questions", str(questions), "--attempts", str(attempts)).splitlines()
            for _ in range(repeat)
        ]
        seconds[name] = statistics.median(json.loads(run[0])["seconds"] for run in runs)
        labels[name] = json.loads(runs[0][1])
        print(f"{name:14} {seconds[name]:8.2f} CPU-s   {1000 * seconds[name] / questions:8.3f} ms a question")
    truth = [str(value) for value, _ in votes(questions, attempts)]
    for name, found in labels.items():
        right = sum(label is not None and bool(equal(label, value)) for label, value in zip(found, truth, strict=True))
        print(f"{name:14} label right on {right} of {questions}")
    decided = [(a, b) for a, b in zip(*labels.values(), strict=True) if a is not None and b is not None]
    same = sum(bool(equal(a, b)) for a, b in decided)
    faster = seconds["vote-pairwise"] / seconds["vote-ours"]
    print(f"{faster:.0f} times faster; same label on {same} of {len(decided)} decided")


def child(*arguments: str) -> str:
    environment = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--vote", action="store_true")
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--attempts", type=int, default=10)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one in PEERS:
        print(json.dumps(run_one(options.one)))
    elif options.one:
        vote = vote_ours if options.one == "vote-ours" else vote_pairwise
        print(json.dumps(vote([group for _, group in votes(options.questions, options.attempts)])))
    elif options.vote:
        compare_votes(options.questions, options.attempts, options.repeat)
    else:
        compare(options.peers, options.repeat)


if __name__ == "__main__":
    main()
