"""Perturbations of the words: the same question in others, and a sentence that has no bearing on it.

Questions of the small language are asked in words that it does not know, too. Of any other text the words stay, since
nobody here understands them: it is introduced by other ones. Neither applies to questions about their own text.
"""

from __future__ import annotations

import re

from ....core.math_language import written_parts
from ....core.protocols import Rng
from ....core.records import Question, Rewritten
from ..other_ways.mathematics import as_number
from .own_text import is_about_its_text
from .perturb import chosen

WORDINGS = {
    "arithmetic": ("How much is {0}?", "Work out {0}.", "Please calculate {0}.", "Say what {0} comes to."),
    "equation": ("For which x is {0}={1}?", "Find x if {0}={1}.", "Which number x satisfies {0}={1}?"),
    "composed": ("What is {2} if {0}={1}?", "Suppose that {0}={1}. Find {2}.", "Given that {0}={1}, calculate {2}."),
}
FRAMES = (
    "Please answer the following question.\n\n{}",
    "Here is something to work on:\n\n{}",
    "{}\n\nTake your time and think it through.",
    "A student was given this exercise.\n\n{}",
)
WITH_NUMBERS = (
    "The bus outside is number {}.",
    "The poster on the wall shows {} lighthouses.",
    "Somewhere a violin was repaired {} times.",
    "This page is printed in a font of size {}.",
    "The nearest volcano last erupted {} years ago.",
)
WITHOUT_NUMBERS = (
    "The bus outside is yellow.",
    "The poster on the wall shows a lighthouse.",
    "Somewhere a violin is being repaired.",
    "This page is printed in an old font.",
    "The nearest volcano is asleep.",
)
_COMMON = frozenset(
    ("the", "this", "on", "in", "is", "of", "a", "an", "being", "was", "last", "times", "years", "ago", "number")
)
_LAST_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-Z][^.!?\n]*\?\s*\Z)")


class Reworded:
    """The same question in other words, or introduced by some."""

    keeps = True

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        if is_about_its_text(question.text):
            return None
        written = written_parts(question.text) if question.domain == "math" else None
        if written is None or written[0] not in WORDINGS:
            return Rewritten(chosen(FRAMES, rng).format(question.text))
        kind, parts = written
        texts = [wording.format(*parts) for wording in WORDINGS[kind]]
        return Rewritten(chosen([text for text in texts if text != question.text], rng))


class Irrelevant:
    """A sentence that has no bearing on the question, in front of it, behind it, or before its last sentence.

    None of its nouns and verbs stands in the question, so that no question can be about it, and its number is not the
    answer.

    Args:
        numbers: whether the sentence has a number, which a solver that adds up whatever it reads stumbles over.
    """

    keeps = True

    def __init__(self, numbers: bool = True) -> None:
        self.sentences = WITH_NUMBERS if numbers else WITHOUT_NUMBERS

    def rewrite(self, question: Question, rng: Rng) -> Rewritten | None:
        words = set(re.findall(r"[a-z]+", question.text.casefold()))
        fitting = [one for one in self.sentences if not _content(one) & words]
        if not fitting or is_about_its_text(question.text):
            return None
        numbers = [n for n in range(2, 100) if n != as_number(question.reference or "")]
        sentence = chosen(fitting, rng).format(chosen(numbers, rng))
        texts = [f"{sentence} {question.text}", f"{question.text} {sentence}"]
        last = _LAST_SENTENCE.search(question.text)
        if last is not None:
            texts.append(f"{question.text[: last.start()]} {sentence} {question.text[last.end() :]}")
        return Rewritten(chosen(texts, rng))


def _content(sentence: str) -> set[str]:
    """The words of a sentence that something can be about, and their singulars or plurals."""
    words = set(re.findall(r"[a-z]+", sentence.casefold())) - _COMMON
    forms = ("{}", "{}s", "{}es")
    return {form.format(word) for word in words for form in forms} | {word.removesuffix("s") for word in words}
