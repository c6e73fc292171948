"""What every perturbation must do."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Sequence

from ..errors import PluginError
from ..extraction import extract_answer
from ..math_language import answer
from ..perturbed import INJECTED, PERTURBATION, as_read
from ..protocols import Perturbation
from ..records import Question, Rewritten
from .findings import Findings, global_randomness_problems

QUESTIONS = (
    Question("What is 12+7*3?", "33"),
    Question("Compute 5-(3+4)-2.", "-4"),
    Question("Solve 3x+4=19.", "5"),
    Question("If 2x+3=11, what is 3x-1?", "11"),
    Question("Ada has 3 boxes of 12 eggs and gives 5 eggs away. How many eggs are left?", "31"),
    Question("Which prime numbers divide 12?"),
    Question("", "1"),
    Question("∫ x² dx  ;  {0} {} %s \\1 \n\n x", "x^3/3"),
)
SEEDS = 24


def check_perturbation(
    perturbation: Perturbation, *, questions: Sequence[Question] = QUESTIONS, skip: Collection[str] = ()
) -> list[str]:
    """Check a perturbation: new texts, repeatability, answers that stay or are computed anew, quotes answer nothing.

    Where a text is of the small mathematical language its answer is computed; of other texts the answers are your word.

    Args:
        questions: what is perturbed; by default some of that language, and prose.
        skip: names of checks that do not apply.

    Raises:
        PluginError: lists every check that failed.
    """
    if not isinstance(perturbation, Perturbation):
        raise PluginError(f"{type(perturbation).__name__} is not a perturbation: it needs keeps and rewrite")
    found = Findings(f"perturbation {type(perturbation).__name__}", skip)

    def rewritten() -> list[tuple[Question, object]]:
        rngs = [random.Random(seed) for seed in range(SEEDS)]
        return [(question, perturbation.rewrite(question, rng)) for question in questions for rng in rngs]

    found.check("texts", lambda: _text_problems(rewritten()))
    found.check("repeatability", lambda: [] if rewritten() == rewritten() else ["equal streams give different texts"])
    found.check("randomness", lambda: global_randomness_problems(rewritten))
    found.check("answers", lambda: _answer_problems(perturbation.keeps, rewritten()))
    found.check("quotes", lambda: _quote_problems(rewritten()))
    return found.report()


def _text_problems(pairs: Sequence[tuple[Question, object]]) -> Iterable[str]:
    for question, new in pairs:
        if new is None:
            continue
        if not isinstance(new, Rewritten) or not isinstance(new.text, str) or not new.text.strip():
            yield f"{question.text[:40]!r} became {new!r:.60}, expected Rewritten with a text, or None"
        elif new.text == question.text:
            yield f"{question.text[:40]!r} stayed as it was; give None where it does not apply"
        elif new.injected is not None and new.injected not in new.text:
            yield f"the injected {new.injected!r:.60} does not stand in the text"
    if all(new is None for _, new in pairs):
        yield "it applies to none of the questions; give some that it applies to"


def _answer_problems(keeps: bool, pairs: Sequence[tuple[Question, object]]) -> Iterable[str]:
    for question, new in pairs:
        if not isinstance(new, Rewritten):
            continue
        if (new.reference is None) is not keeps:
            yield f"keeps={keeps!r}, and the reference of {new.text[:40]!r} is {new.reference!r}"
        elif not keeps and new.reference == question.reference:
            yield f"the answer of {new.text[:40]!r} is the old one"
        computed, expected = answer(new.text), question.reference if keeps else new.reference
        if computed is not None and expected is not None and computed != expected:
            yield f"{new.text[:40]!r} has the answer {computed}, not {expected!r}"


def _quote_problems(pairs: Sequence[tuple[Question, object]]) -> Iterable[str]:
    """An attempt that quotes an injected instruction is read as one that quotes the question alone."""
    for question, new in pairs:
        if isinstance(new, Rewritten) and new.injected is not None:
            asked = Question(new.text, meta={PERTURBATION: {INJECTED: new.injected}})
            ((quoted,),) = as_read([asked], [[f"The question is: {new.text}"]])
            bare = f"The question is: {question.text}"
            if extract_answer(" ".join(quoted.split())) != extract_answer(" ".join(bare.split())):
                yield f"whoever quotes {new.text!r:.80} is read to answer {extract_answer(quoted)!r}"
