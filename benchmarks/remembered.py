"""What verifiers save by remembering what they have read: the attempts of a run, judged again with and without.

    python benchmarks/remembered.py RUN

Every group of attempts in RUN is judged against its label, in the order of the log, by the verifier `sympy`, and voted
on by `majority`: once from empty memories on, as a run does, and once with memories emptied before each group, so that
nothing is known of other questions. Memories are those of answers as trees (`verifiers.answers`), of references, and of
questions (`core.math_language`). Printed are processor seconds of both, and the share of look-ups that were answered.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from selfplay_gym.core import math_language
from selfplay_gym.core.records import Judgement, Question
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.selfplay.storage.run_folder import RunFolder
from selfplay_gym.verifiers.answers import readings
from selfplay_gym.verifiers.answers.parsing import locate, parse

MEMORIES: dict[str, Any] = {
    "answers": readings._read_short,
    "trees": parse._parse_short,
    "references": locate._located_reference,
    "questions": math_language._read,
}


def forget() -> None:
    """Empty every memory."""
    for memory in MEMORIES.values():
        memory.cache_clear()


def groups(run: Path) -> list[tuple[Question, list[str]]]:
    """Questions with their labels as references, and the attempts at each."""
    found = []
    for _, rows in RunFolder.open(run).by_round("questions", "attempts", "labels"):
        texts = {row["index"]: row["text"] for row in rows["questions"]}
        labels = {row["index"]: row["label"] for row in rows["labels"]}
        for row in rows["attempts"]:
            if labels.get(row["index"]) is not None:
                found.append((Question(texts[row["index"]], labels[row["index"]]), row["attempts"]))
    return found


def judged(given: list[tuple[Question, list[str]]], forgetful: bool) -> tuple[float, list[Judgement]]:
    """Processor seconds, and what was judged."""
    verifiers = [make_verifier("sympy"), make_verifier("majority")]
    forget()
    found, begun = [], time.process_time()
    for question, attempts in given:
        if forgetful:
            forget()
        math_language.read(question.text)
        found += [verifier.judge(question, attempts) for verifier in verifiers]
    return time.process_time() - begun, found


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    given = groups(parser.parse_args().run)
    judged(given[:8], False)
    without, one = judged(given, True)
    seconds, other = judged(given, False)
    print(f"{sum(len(attempts) for _, attempts in given):,} attempts at {len(given):,} questions")
    for name, memory in MEMORIES.items():
        info = memory.cache_info()
        if asked := info.hits + info.misses:
            print(
                f"{name:12} {100 * info.hits / asked:5.1f} % of {asked:,}, {info.currsize:,} of {info.maxsize:,} kept"
            )
    print(f"with {seconds:.2f} CPU s, without {without:.2f}; judgements {'equal' if one == other else 'DIFFER'}")


if __name__ == "__main__":
    main()
