"""Fuzz extraction: no exception, nothing slow, no blank answer, and only an answer at a mark or alone may vote.

    python benchmarks/fuzz_extraction.py [--inputs 100000] [--seed 0]

Inputs are composed outputs (benchmarks/extraction.py) and labelled texts, cut in pieces and put together wrongly, raw
Unicode, and now and then one piece repeated up to 100,000 characters. Each goes through both modes, votes, references.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from itertools import islice
from pathlib import Path

from extraction import outputs

from selfplay_gym.core.extraction import extract_answer, last_boxed
from selfplay_gym.verifiers.answers.parsing.locate import find, locate, locate_reference, locate_vote

DATA = Path(__file__).parent.parent / "tests" / "data"
PIECE = re.compile(r"\\[A-Za-z]+|<[^<>\n]{1,30}>|\w+|\s+|.", re.S)
MARKS = (
    "\\boxed{", "}", "{", "$", "$$", "\\(", "\\)", "\\[", "\\]", "####", "<answer>", "</answer>", "<think>",
    "</think>", "Answer:",
    "The answer is ", "答案", "是", "。", "\n", "\n\n", " ", "not ", "cannot ", "?", "Wait, ", "that is wrong",
    "\"answer\": ", "|", "**",
    "```", "#", "-", "=", "+", "5", "1/2", "3 1/2", ",", ".", "(", ")", "[", "]", "A", "(B)", "<|im_end|>",
    "</s>", "\\", "\x00", "\ud800",
    "½", "√", "π", "∞", "٣", "５", "\u200b", "\ufeff", "Question: ", "\\text{", "hours and ", "or ", "and ",
    "I don't know", "\\frac{",
)  # fmt: skip
SLOW_S = 1.0


def corpus(seed: int) -> list[list[str]]:
    texts = [output.text for output in islice(outputs(400, seed), 400)]
    for name in ("extraction.jsonl", "answers_2.jsonl"):
        for line in (DATA / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            texts += [text for text in (row.get("text"), row.get("attempt")) if isinstance(text, str)]
    return [PIECE.findall(text) for text in texts]


def mutated(rng: random.Random, pieces: list[list[str]]) -> str:
    if rng.random() < 0.05:
        return "".join(
            chr(rng.choice((rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x110000)))) for _ in range(200)
        )
    tokens = list(rng.choice(pieces))
    for _ in range(rng.randrange(6)):
        at, kind = rng.randrange(len(tokens) + 1), rng.randrange(4)
        if kind == 0:
            del tokens[at : at + rng.randint(1, 8)]
        elif kind == 1:
            tokens.insert(at, rng.choice(MARKS))
        elif kind == 2:
            other = rng.choice(pieces)
            start = rng.randrange(len(other) + 1)
            tokens[at:at] = other[start : start + rng.randint(1, 30)]
        else:
            tokens[at:at] = tokens[rng.randrange(len(tokens) + 1) :][:20]
    if rng.random() < 0.002:
        repeated = "".join(rng.choices(MARKS, k=rng.randint(1, 3)))
        tokens.insert(rng.randrange(len(tokens) + 1), repeated * (100_000 // len(repeated)))
    return "".join(tokens)


def problems(text: str) -> list[str]:
    """What is wrong with the reading of a text, as lines."""
    start = time.process_time()
    try:
        answers = [
            extract_answer(text, "strict"),
            extract_answer(text, "lenient"),
            extract_answer(text, "lenient", "read"),
        ]
        answers += [locate(text, "lenient"), locate_reference(text), last_boxed(text)]
        vote, found = locate_vote(text, "lenient"), find(text, "lenient")
    except Exception as error:  # noqa: BLE001 - this is what the fuzzer looks for
        return [f"{type(error).__name__}: {error}"]
    lines = [] if (seconds := time.process_time() - start) < SLOW_S else [f"slow: {seconds:.2f} s"]
    lines += ["a blank answer" for answer in answers if answer is not None and not answer.strip()]
    if vote is not None and (found is None or found.place == "prose"):
        lines.append("a guess votes")
    return lines


def fuzz(inputs: int, seed: int) -> list[tuple[str, list[str]]]:
    """Texts with what is wrong with each."""
    rng, pieces = random.Random(seed), corpus(seed)
    texts = (mutated(rng, pieces) for _ in range(inputs))
    return [(text, lines) for text in texts if (lines := problems(text))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    start = time.process_time()
    failures = fuzz(options.inputs, options.seed)
    for text, lines in failures[:20]:
        print(f"{text[:200]!r} ({len(text)} characters): {'; '.join(lines)}")
    print(f"{options.inputs} texts, {len(failures)} with a problem, {time.process_time() - start:.0f} CPU s")


if __name__ == "__main__":
    main()
