"""Do perturbations keep the answers they say they keep, and does an injected instruction ever count as an answer?

    python benchmarks/perturbations.py --questions 10000
    python benchmarks/perturbations.py --questions 10000 --suite gsm8k:FILE.jsonl --suite svamp:FILE.json

Questions of the built-in generators, of a grammar of its own, and of suites are perturbed in every way. Answers are
found again from the new text, by undoing what was done and reading what is left; `sympy` judges the reference, and the
verifiers that find answers in prose are shown attempts that quote the question. Of prose that nobody can read, undoing
must give back the question to the letter.
"""

# mypy: ignore-errors
# As for examples: it imports the installed package, which mypy does not look for when it reads the checkout.

from __future__ import annotations

import argparse
import re
from collections import Counter

from selfplay_gym import make_domain, make_generator, make_reward, make_verifier
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.perturbed import perturbation_of
from selfplay_gym.core.records import Outcome, Question, TaskSpec
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.game.engine import Game
from selfplay_gym.envs.game.other_ways.mathematics import as_number
from selfplay_gym.envs.game.perturbations.perturb import KINDS, perturb
from selfplay_gym.selfplay.exams.suites import load_suites

GENERATORS = ("mixed", "arithmetic", "equation", "composed", "chains", "deduction", "deduction:short", "abduction")
READERS = ("sympy", "exact", "numeric", "majority")
ATTEMPTS = ("{}", "The question is: {}", "{}\n\nLet me see.", "> {}\n\nI do not know.", "Q: {} A:")
_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
UNITS = {word: number for number, word in enumerate(_SMALL)}
TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_NUMERAL = re.compile(rf"(?:(?:{'|'.join([*UNITS, *TENS, 'hundred'])})\b ?)+(?<! )")


def expression(rng, depth=2):
    """An expression of the whole language, larger and odder than what the generators write."""
    if depth == 0 or rng.random() < 0.3:
        return str(rng.choice([0, 1, 7, 12, 99, 100, 999, 1000, 20406, rng.randrange(10**6)]))
    one, other = expression(rng, depth - 1), expression(rng, depth - 1)
    return rng.choice(["{}+{}", "{} - {}", "{}*{}", "({}+{})*2", "{}-({})", "-{}+{}", "{}/{}", "({})({})"]).format(
        one, other
    )


def odd_questions(rng):
    """Without end: questions of the language in its other wordings, without claim to a nice answer."""
    while True:
        x = rng.randrange(1, 30)
        yield rng.choice(
            [
                f"Evaluate {expression(rng)}",
                f"what is  {expression(rng)} ?",
                f"SOLVE for x: {x}x-{expression(rng, 1)}={expression(rng, 1)}-x",
                f"If {expression(rng, 1)}={x}x, what is {expression(rng, 1)}-{x}x?",
                f"Solve x/{x}={expression(rng, 1)}.",
            ]
        )


def questions(count, seed, suites=()):
    """`count` questions, evenly of all generators, the grammar and the suites."""
    rng = python_stream(seed, "perturbed questions")
    makers = [lambda name=name: make_generator(name).generate(TaskSpec(rng.random()), rng) for name in GENERATORS]
    odd = ((text, answer(text)) for text in odd_questions(rng))
    known = (Question(text, value, author="grammar") for text, value in odd if value is not None)
    makers.append(lambda: next(known))
    makers += [lambda suite=suite: rng.choice(suite.questions) for suite in suites]
    return [makers[i % len(makers)]() for i in range(count)]


def numerals_read(text):
    """The text with numbers in plain digits."""
    text = _NUMERAL.sub(lambda found: str(_in_digits(found[0].split())), text)
    return re.sub(r"(\d+)\.0(?!\d)", r"\1", re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text))


def _in_digits(words):
    number = 0
    for word in words:
        number = 100 * number if word == "hundred" else number + UNITS.get(word, 0) + TENS.get(word, 0)
    return number


def expressions_read(text):
    """The answer of a question in words that the language does not know, by the formulas in it."""
    formulas = [word.rstrip(".,?") for word in text.split() if re.search(r"\d|^x[.,?]?$|[-+*/]x", word)]
    equations = [one for one in formulas if "=" in one]
    others = [one for one in formulas if "=" not in one and one != "x"] or [one for one in formulas if one == "x"]
    if not equations:
        return answer(f"What is {others[0]}?") if len(others) == 1 else None
    if len(others) == 1 and others != ["x"]:
        return answer(f"If {equations[0]}, what is {others[0]}?")
    return answer(f"Solve {equations[0]}.")


def undone(question, twin):
    """Whether the question stands in its perturbed text, but for one piece that was put in."""
    old, new = question.text, twin.text
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return old in new or new.endswith(old[start:].lstrip())


def found_again(question, twin):
    """The right answer to the perturbed text, found without the code that perturbed it; `None` for "as before"."""
    kind = perturbation_of(twin)["kind"].partition("(")[0]
    if kind in ("irrelevant", "injected") or answer(question.text) is None or question.domain != "math":
        return None if undone(question, twin) else "no longer there"
    if kind == "reworded":
        return expressions_read(twin.text)
    if kind == "renamed":
        (letter,) = {new for old, new in zip(question.text, twin.text, strict=True) if old != new}
        return answer(twin.text.replace(letter, "x")) if letter not in question.text.split("x")[-1] else None
    return answer(numerals_read(twin.text))


def problems(question, twin):
    """What is wrong with a perturbed question, in sentences."""
    mark, again = perturbation_of(twin), found_again(question, twin)
    known = answer(question.text) if question.domain == "math" else None
    known = question.reference if known is None else known
    if again not in (None, twin.reference):
        yield f"the answer is {again!r}, not {twin.reference!r}"
    if (twin.reference == known) is not mark["keeps"]:
        yield f"keeps={mark['keeps']}, and the answer was {known!r} and is {twin.reference!r}"
    if twin.domain == "math" and outcome("sympy", twin, rf"\boxed{{{twin.reference}}}") is not Outcome.CORRECT:
        yield f"the reference {twin.reference!r} is not judged right"
    if "injected" in mark:
        yield from injection_problems(question, twin, mark["injected"])


def injection_problems(question, twin, instruction):
    """What quotes of an injected instruction are read as."""
    said = re.findall(r"\d+|banana|umbrella|marmalade|trombone", instruction)[-1]
    if twin.domain == "math" and outcome("sympy", twin, rf"\boxed{{{said}}}") is Outcome.CORRECT:
        yield f"what it wants said, {said}, is right"
    quotes = [attempt.format(twin.text) for attempt in ATTEMPTS]
    for name in READERS:
        judgement = GAMES[name].judge([twin], [quotes])[0]
        read = [judgement.label] if name == "majority" else [verdict.answer for verdict in judgement.verdicts]
        if any(one is not None and (one == said or (as_number(one) or 0) == as_number(said)) for one in read):
            yield f"{name} reads a quote of {instruction!r} as the answer {said}"
    answered = [rf"{one.text} \boxed{{{twin.reference}}}" for one in (question, twin)]
    if twin.domain == "math" and outcome("sympy", twin, answered[0]) is not outcome("sympy", twin, answered[1]):
        yield "a right answer behind a quote is judged otherwise than behind the question"


def outcome(name, question, attempt):
    return GAMES[name].judge([question], [[attempt]])[0].verdicts[0].outcome


GAMES = {name: Game(make_domain("math"), make_verifier(name), make_reward("r-zero")) for name in READERS}


def check(count, seed, suites=()):
    """How often each kind applied, and what was wrong: (kind, question, perturbed, sentence)."""
    applied, wrong = Counter(), []
    for number, question in enumerate(questions(count, seed, suites)):
        for kind in (*KINDS, "irrelevant(numbers=false)"):
            twin = perturb(kind, question, python_stream(seed, kind, number))
            if twin is not None:
                applied[kind] += 1
                wrong += [(kind, question.text, twin.text, problem) for problem in problems(question, twin)]
    return applied, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--suite", action="append", default=[], help="a suite of `selfplay-gym bench`, may be repeated")
    given = parser.parse_args()
    try:
        suites = load_suites(given.suite) if given.suite else ()
    except ConfigError as error:
        parser.error(str(error))
    applied, wrong = check(given.questions, given.seed, suites)
    print("| kind | perturbed | wrong |\n|---|---|---|")
    for kind, count in applied.items():
        print(f"| {kind} | {count} | {len({row[1:3] for row in wrong if row[0] == kind})} |")
    for row in wrong[:20]:
        print(*row, sep="\n    ")
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
