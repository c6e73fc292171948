"""How right the votes of a model are that another way to ask confirms, and how many there are, by kind and by way.

    python benchmarks/other_ways.py --model tiny --questions 600 --seed 10

Questions are the challenger's own, and families that a model of this size gets wrong in one systematic way. Nothing is
trained; computed answers only measure.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import argparse
from dataclasses import dataclass, field

import torch

import selfplay_gym
from selfplay_gym.core.errors import SelfPlayError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.seeding import integer_seed, python_stream
from selfplay_gym.verifiers.ensembles.checked import CheckedVerifier

WAYS = ("permuted", "split", "backward")
MATH = selfplay_gym.make_domain("math")


@dataclass
class Asked:
    """A question with its vote, and what was said of it each way: whether it was confirmed."""

    text: str
    kind: str
    label: str | None = None
    share: float = 0.0
    confirmed: dict[str, bool] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.label == answer(self.text)


class OneWay:
    """The domain, offering a single one of its ways."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, part):
        return getattr(MATH, part)

    def ways(self, question, label, rng, template="plain"):
        return [way for way in MATH.ways(question, label, rng, template) if way.name == self.name]


def systematic(count, rng):
    """Questions that are longer, or larger, than what the embedded model learnt to answer."""

    def n(low=2, high=9):
        return rng.randint(low, high)

    for _ in range(count):
        sign = rng.choice("+-")
        yield "two products", f"What is {n()}*{n()}{sign}{n(1, 15)}+{n()}*{n()}?"
        yield "three factors", f"What is {n()}*{n()}*{n(2, 4)}?"
        yield "five terms", f"What is {n()}{sign}{n(1, 20)}-{n(1, 20)}+{n(1, 20)}{sign}{n(1, 20)}?"
        yield "two digits", f"What is {n(20, 99)}{sign}{n(20, 99)}?"


def written(agent, count, seed):
    """The challenger's questions, each once."""
    texts = agent.act([MATH.template("plain").challenger], n=count, seed=integer_seed(seed, "write"))[0]
    found = {MATH.identity(q): q for q in map(MATH.read, texts) if not isinstance(q, str)}
    return [(MATH.kind(question), question.text) for question in found.values()]


def measure(agent, asked, attempts, answers, band, seed):
    """Vote on every question, and check those in the band each way."""
    questions = [selfplay_gym.Question(one.text) for one in asked]
    groups = agent.act([one.text for one in asked], n=attempts, seed=integer_seed(seed, "attempts"))
    for name in WAYS:
        checked = CheckedVerifier(agent, attempts=answers, band=band, domain="math", seed=seed)
        checked.domain = OneWay(name)
        for one, judgement in zip(asked, checked.judge_many(questions, groups), strict=True):
            one.label, one.share = judgement.label, judgement.solve_rate
            if judgement.evidence["check"]["agrees"] is not None:
                one.confirmed[name] = judgement.valid
    first = CheckedVerifier(agent, attempts=answers, band=band, domain="math", seed=seed).judge_many(questions, groups)
    for one, judgement in zip(asked, first, strict=True):
        one.confirmed["first"] = judgement.valid
    return [one for one in asked if band[0] <= one.share <= band[1]]


def shown(rows):
    """`kept (right)` of some votes."""
    return f"{len(rows)} ({sum(one.right for one in rows) / len(rows):.2f})" if rows else "0"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--questions", type=int, default=600)
    parser.add_argument("--family", type=int, default=60, help="questions of each family")
    parser.add_argument("--attempts", type=int, default=10)
    parser.add_argument("--answers", type=int, default=4, help="answers per question that is asked another way")
    parser.add_argument("--seed", type=int, default=10)
    given = parser.parse_args()
    for name in ("questions", "family", "attempts", "answers"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be at least 1, got {getattr(given, name)}")
    torch.set_num_threads(1)
    try:
        agent = selfplay_gym.load_agent(given.model).with_settings(max_new_tokens=72)
    except SelfPlayError as error:
        parser.error(f"--model: {error}")
    texts = [
        *written(agent, given.questions, given.seed),
        *systematic(given.family, python_stream(given.seed, "families")),
    ]
    asked = [Asked(text, kind) for kind, text in texts]
    inside = measure(agent, asked, given.attempts, given.answers, (0.5, 0.9), given.seed)
    print("votes in the band, and those that a way confirms: count (share that is right)")
    print("| kind | vote | " + " | ".join(WAYS) + " | nearest way |\n|---|" + "---|" * (len(WAYS) + 2))
    for kind in dict.fromkeys(one.kind for one in asked):
        rows = [one for one in inside if one.kind == kind]
        cells = [shown([one for one in rows if one.confirmed.get(way)]) for way in (*WAYS, "first")]
        print(f"| {kind} | {shown(rows)} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
