"""What the policy `rules` refuses, of our labelled texts and of harmless ones, and what it costs.

    python benchmarks/output_policy.py [--harmless FILE.jsonl …] [--run RUN]

Prints precision and recall on `tests/data/policy*.jsonl`; how many of these texts keep their ruling when they are spelt
oddly; refusals of the built-in suites, of all reasoning-gym data
sets and of the texts in FILE (a row's values that are texts); texts per second of processor time; and which share of a
run's processor time its own questions and attempts cost.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from string import ascii_lowercase
from typing import TypeAlias

from selfplay_gym import make_policy
from selfplay_gym.selfplay.exams.suites import load_suites
from selfplay_gym.selfplay.storage.run_folder import RunFolder

Spelling: TypeAlias = Callable[[str], str]
DATA = Path(__file__).parents[1] / "tests" / "data"
RULES = make_policy("rules")


def rows(path: Path) -> list[dict[str, str | None]]:
    """The rows of a JSONL file, or of a JSON list."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.splitlines() if line]


def print_rates(name: str, labelled: Sequence[dict[str, str | None]]) -> None:
    """Precision and recall on one set of labelled texts."""
    found = [(RULES.check(str(row["text"]), "challenger").refused, row["code"] is not None) for row in labelled]
    right, wrong, missed = (found.count(pair) for pair in ((True, True), (True, False), (False, True)))
    print(f"{name:30} precision {right}/{right + wrong}  recall {right}/{right + missed}")


def letters_from(first: int) -> Spelling:
    """Letters replaced by those of an alphabet that begins at a code point."""
    table = {ord(letter): chr(first + at) for at, letter in enumerate(ascii_lowercase)}
    return lambda text: text.lower().translate(table)


def inside(letters: str, signs: str) -> Spelling:
    """Letters inside of words replaced by signs."""
    table = str.maketrans(letters, signs)
    return lambda text: re.sub(r"(?<=\S)\S(?=\S)", lambda letter: letter[0].translate(table), text)


SPELLINGS: dict[str, Spelling] = {
    "squares": letters_from(0x1F170),
    "flags": letters_from(0x1F1E6),
    "circles": letters_from(0x1F150),
    "brackets": letters_from(0x249C),
    "! @ $ for i a s": inside("ias", "!@$"),
    "! @ $ for i o s": inside("ios", "!@$"),
    "@ $ € for ao s e": inside("aose", "@@$€"),
    "tags": "\U000e0041".join,
    "controls of direction": "\u202e".join,
    "bytes of control": "\0".join,
    "entities in entities": lambda text: "".join(f"&amp;#{ord(letter)};" for letter in text),
}


def print_spellings(labelled: Sequence[dict[str, str | None]]) -> None:
    """Of texts that are ruled on rightly as they stand: how many are refused in another spelling."""
    judged = [(str(row["text"]), row["code"] is not None) for row in labelled]
    right = [(text, harmful) for text, harmful in judged if RULES.check(text, "challenger").refused == harmful]
    for name, spelling in SPELLINGS.items():
        found = [(RULES.check(spelling(text), "challenger").refused, harmful) for text, harmful in right]
        refused, too_many = found.count((True, True)), found.count((True, False))
        of = [harmful for _, harmful in right].count(True)
        print(f"{name:30} refused {refused} of {of}, harmless ones {too_many} of {len(right) - of}")


def print_refused(name: str, texts: Iterable[str]) -> None:
    """How many harmless texts are refused, and which."""
    given = list(texts)
    refused = [text for text in given if RULES.check(text, "challenger").refused]
    print(f"{name:30} refused {len(refused)} of {len(given):,}", *(repr(text[:80]) for text in refused[:5]))


def reasoning_gym_questions(size: int) -> Iterable[str]:
    """Questions of every data set of reasoning-gym that needs no settings."""
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    for name in sorted(set(DATASETS) - {"composite"}):
        data = reasoning_gym.create_dataset(name, size=size, seed=1)
        yield from (data[index]["question"] for index in range(size))


def seconds_per_text(texts: Sequence[str], repeats: int = 5) -> float:
    """Processor time of one check, the least of several measurements."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        for text in texts:
            RULES.check(text, "solver")
        best = min(best, time.process_time() - begun)
    return best / len(texts)


def print_share(folder: RunFolder) -> None:
    """What the checks of a run cost of its processor time."""
    texts = {
        "challenger": [row["text"] for row in folder.rows("questions")],
        "solver": [text for row in folder.rows("attempts") for text in row["attempts"]],
    }
    policies = [row["policy"] for row in folder.rows("metrics") if "policy" in row]
    cost, checked = 0.0, 0
    for role, own in texts.items():
        count = sum(row.get(role, {}).get("checked", 0) for row in policies)
        cost, checked = cost + count * seconds_per_text(own), checked + count
    cpu = sum(row["cpu_s"] for row in folder.rows("timings"))
    print(f"{folder.path.name:30} {checked:,} checks, {cost:.2f} s of {cpu:.1f} s CPU: {100 * cost / cpu:.2f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--harmless", type=Path, nargs="*", default=[])
    parser.add_argument("--run", type=Path)
    options = parser.parse_args()
    first = rows(DATA / "policy.jsonl")
    for half, name in enumerate(("first set, tuning half", "first set, held-out half")):
        print_rates(name, [row for row in first if sha256(str(row["text"]).encode()).digest()[0] % 2 == half])
    for name in ("policy_2", "policy_3", "policy_4"):
        print_rates(name, rows(DATA / f"{name}.jsonl"))
    print_spellings([row for path in sorted(DATA.glob("policy*.jsonl")) for row in rows(path)])
    asked = [question for suite in load_suites("builtin,chains,mixed") for question in suite.questions]
    print_refused("built-in suites, questions", (question.text for question in asked))
    print_refused("built-in suites, references", (question.reference or "" for question in asked))
    print_refused("reasoning-gym", reasoning_gym_questions(20))
    for path in options.harmless:
        texts = [value for row in rows(path) for value in row.values() if isinstance(value, str)]
        print_refused(path.name, texts)
        print(
            f"{'':30} {1 / seconds_per_text(texts):,.0f} texts/s, mean {sum(map(len, texts)) / len(texts):.0f} letters"
        )
    short = [question.text for question in asked if len(question.text) < 60]
    print(f"{'short questions':30} {1 / seconds_per_text(short):,.0f} texts/s")
    if options.run is not None:
        print_share(RunFolder.open(options.run))


if __name__ == "__main__":
    main()
