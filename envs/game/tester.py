"""The words of a tester, a third role of the code game: it reads a function and writes a test that wrong versions fail.

A test is an input; what is expected is what the accepted program returns on it (CURE, arXiv 2506.03136, has its testers
state that as well; they may). Every labelled question with a program gives its function as a task once: the reference,
or, where a specification was voted on, the program that won. Attempts that were judged wrong go with the task, as the
wrong programs to be caught; the verifier `unit-tests` makes mutants where there are none. How hard a question is for
the solver says nothing of its function here, so all that are validly labelled give tasks.

One function of eight is never a task, so that a tester can be measured on functions it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core.code_questions import CodeQuestion
from ...core.errors import ConfigError
from ...core.held_out import is_held_out
from ...core.literals import text_of
from ...core.records import Labelled, Question
from .domains import RoleWords

NAME = "tester"
VERIFIER = "unit-tests"
WRONG_ATTEMPTS = "wrong"
"""Under which a task's `meta` holds the attempts that were judged wrong, where attempts are programs."""


def task(one: Labelled) -> Question | None:
    """A labelled question as a question to the tester, its program as reference; `None` where it has no program.

    The text is short, because a tiny model reads letter by letter.
    """
    question = one.question
    try:
        code = CodeQuestion.of(question)
    except ConfigError:
        return None  # of another domain
    program = code.program if code.program is not None else question.reference
    if program is None:
        return None
    text = f"{program}\nWhich call of {code.function} tells it from wrong versions?"
    made = CodeQuestion("program", code.function, program, code.inputs, code.hidden, code.signature)
    pairs = zip(one.attempts, one.matches, strict=True) if code.asks_for_program else ()
    wrong = [attempt for attempt, matches in pairs if not matches]
    meta = {**made.as_meta(), WRONG_ATTEMPTS: wrong}
    return Question(text, program, question.domain, question.level, NAME, meta)


def tasks(labelled: Sequence[Labelled]) -> list[Question]:
    """The functions of labelled questions, each once, without those that are held out."""
    found: dict[str, Question] = {}
    for made in map(task, labelled):
        if made is not None and not is_held_out(made.text):
            found.setdefault(made.text, made)
    return list(found.values())


def example(made: Question) -> str:
    """A call of the function on an input that its question has: a valid test, and no better than chance."""
    code = CodeQuestion.of(made)
    arguments = next(iter((*code.inputs, *code.hidden)), ())
    return f"{code.function}({', '.join(map(text_of, arguments))})"


TESTER = RoleWords(tasks, VERIFIER, example=example, valid=True)
