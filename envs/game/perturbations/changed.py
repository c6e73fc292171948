"""`changed`: one number of the question is another one, and the answer is computed anew.

A solver that answers by what it has seen before gives the old answer. The new one is as whole as the old one was, and
the new number as long, so that the question does not become harder by that.
"""

from __future__ import annotations

import re

from ....core.math_language import read
from ....core.protocols import Rng
from ....core.records import Question, Rewritten
from ..other_ways.mathematics import as_number
from .perturb import chosen

TRIES = 256
_NUMBER = re.compile(r"\d+")


class Changed:
    """One number is another one; the answer is computed anew. Where the given answer is not the one that is computed
    for the question as it stands, the question is not understood, and stays."""

    keeps = False

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        before = read(question.text) if question.domain == "math" else None
        numbers = [*_NUMBER.finditer(question.text)]
        if before is None or not numbers:
            return None
        if question.reference is not None and as_number(question.reference) != before.answer:
            return None
        whole = before.answer.denominator == 1
        for _ in range(TRIES):
            found = chosen(numbers, rng)
            text = f"{question.text[: found.start()]}{_another(found[0], rng)}{question.text[found.end() :]}"
            after = read(text)
            fits = after is not None and after.answer != before.answer
            if fits and after is not None and (not whole or after.answer.denominator == 1):
                return Rewritten(text, reference=str(after.answer))
        return None


def _another(digits: str, rng: Rng) -> str:
    """A number of as many digits, without a zero in front."""
    low = 10 ** (len(digits) - 1)
    return str(low + int(rng.random() * 9 * low))
