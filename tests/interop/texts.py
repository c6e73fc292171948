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


def rows_of(name):
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def hostile_texts():
    spec = importlib.util.spec_from_file_location("hostile_texts", DATA / "hostile_texts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.HOSTILE.values())


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
        if isinstance(reference, str) and isinstance(text, str):
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
