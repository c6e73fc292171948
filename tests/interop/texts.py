"""A thousand attempts at questions, right, wrong, odd and hostile, and what the environment itself pays for each."""

import importlib.util
import json
import random
from functools import cache
from pathlib import Path

import gymnasium as gym

import selfplay_gym  # noqa: F401 - registers the environment
from selfplay_gym.core.records import Question
from selfplay_gym.interop.question_sets import question_set
from selfplay_gym.interop.rows import Graded

DATA = Path(__file__).parents[1] / "data"
FRAMES = (
    "{}",
    "\\boxed{{{}}}",
    "It is {}.",
    "<answer>{}</answer>",
    "The answer is $\\frac{{{}}}{{1}}$",
    "**{}**",
    "\n\n{}\n",
    "<think>{}</think>",
    "\\boxed{{{}}} no, \\boxed{{7}}",
    "x = {}\r\n",
)


TAKES_TIME = ("\\sum", "\\int", "\\prod", "\\lim")
"""Such answers are decided within a limit of time, or not: on a busy machine not the same each time."""
LONGEST = 2_000


def rows_of(name):
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def hostile_texts():
    spec = importlib.util.spec_from_file_location("hostile_texts", DATA / "hostile_texts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [text[:LONGEST] for text in module.HOSTILE.values()]


PIECES = (
    *(
        "½ + ½?",
        "名前 🎲 ق",
        "שאלה: כמה הם 2 + 2?",
        "\u202eabc\u2066",
        "e\u0301",
        "\ufeff",
        "a\x00b\x1b[31m",
        "\u2028\u0085\x0b",
    ),
    *(
        "\r\n",
        "\n\n",
        "\t",
        "  ",
        "---",
        "...",
        ": - {}",
        "- a: b # c",
        "!!python/object:os.system",
        "&a *a",
        "yes",
        "null",
    ),
    *(
        "NaN",
        "1e400",
        "007",
        "0x1F",
        "12:30:45",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "true",
        "~",
        "[1, 2]",
        '{"a": 1}',
    ),
    *('"', "'", "\\", "\\n", "%s", "{0}", "{folder}", "{{ 7*7 }}", "{% raw %}", "{# x #}", "{% for x in y %}", "${x}"),
    *(
        "<|im_end|>",
        "<|endoftext|>",
        "</s>",
        "[INST]",
        "<think>",
        "$\\frac{1}{2}$",
        "\\boxed{3}",
        "```python\nx\n```",
        "prompt",
    ),
    *("x" * 100_000, "question", "=1+1", "http://198.51.100.7/", "\U0010ffff", "\ufffe"),
)
"""Texts that readers of JSON, YAML, templates, tables and chats have taken for something else."""


def odd_questions(seed=0, size=150):
    """Rows of a source `jsonl:`; no two ask the same, and every piece comes alone as a question and as an answer."""
    rng, rows = random.Random(seed), {}
    for piece in PIECES:
        if piece.strip():
            rows.setdefault(piece, {"question": piece, "answer": piece})
    while len(rows) < size:
        short = [piece for piece in PIECES if len(piece) < 100]
        text = "".join(rng.choices(short, k=rng.randint(2, 6)))
        answer = rng.choice(["2", rng.choice(short) + "0", rng.choice(short) + "1" + rng.choice(short)])
        meta = rng.choice([{}, {rng.choice(short): [rng.choice(short), 1, None]}])
        if text.strip():
            rows.setdefault(
                text, {"question": text, "answer": answer, "level": rng.choice([None, 0, 1, 0.5]), "meta": meta}
            )
    return list(rows.values())


def write_rows(path, rows):
    """A file for the source `jsonl:`; its name."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return f"jsonl:{path}"


def odd_text(rng, reference):
    """Something a model might write about a number: the reference or a neighbour, in a frame, at times damaged."""
    number = rng.choice([reference, reference, str(rng.randint(-99, 99)), "٣", "1e3", "½", "-0", "1,000", "", "nan"])
    text = rng.choice(FRAMES).format(number)
    if rng.random() < 0.3:
        cut = rng.randrange(len(text) + 1)
        text = text[:cut] + rng.choice(["\x00", "\ud800", "{", "}}", "\u202e", "\\boxed{", "é" * 300, " "]) + text[cut:]
    return text


@cache
def attempts():
    """Pairs (graded question, text)."""
    asked = question_set("mixed", ("held_out",), limit=40).splits["held_out"]
    rng = random.Random(20261127)
    pairs = [(one, text) for text in hostile_texts() for one in asked[:2]]
    cases = [*rows_of("answers_2"), *rows_of("equivalence")]
    for row in cases:
        reference, text = row.get("reference", row.get("gold")), row.get("attempt", row.get("pred"))
        if isinstance(reference, str) and isinstance(text, str) and not any(x in reference + text for x in TAKES_TIME):
            pairs.append((Graded(Question("What is it?", reference), "sympy"), text))
    while len(pairs) < 1000:
        one = rng.choice(asked)
        pairs.append((one, odd_text(rng, one.question.reference)))
    return pairs[:1000]


@cache
def rewards():
    """What `gym.make("SelfPlayMath-v0")` pays for each."""
    env = gym.make("SelfPlayMath-v0", disable_env_checker=True)
    paid = []
    for one, text in attempts():
        env.reset(options={"question": one.question})
        paid.append(env.step(text)[1])
    return paid
