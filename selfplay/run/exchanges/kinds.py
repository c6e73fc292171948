"""The environments of an attempt of several turns. None of them is told a reference, and none shows a label.

    retry(turns=2)        what is said of an attempt: that no answer was found in it; and that it is wrong, only where
                          labels are computed from the question, so that this is known before there are votes
    ask_back(turns=2)     whether the solver is sure; it knows nothing
    calculator(turns=3)   the value of <calc>12*(7+1)</calc>, exact, by a parser of our own
    sandbox(turns=3)      what <python>print(2**10)</python> prints, run as nobody's program (`verifiers.sandbox`)

A call of a tool is a whole turn: nothing stands beside it. Every other turn is the attempt's answer, and ends it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ....core.errors import ConfigError
from ....core.extraction import extract_answer
from ....core.literals import int_text
from ....core.math_language import MAX_LENGTH, parse_expression
from ....core.options import parse_named
from ....core.protocols import Verifier
from ....core.records import Outcome, Question

MOST_TURNS = 16
LONGEST_REPLY = 400
"""Characters of what a tool says."""
NO_ANSWER = "No answer was found. Put it in \\boxed{}."
WRONG = "That is wrong. Try again."
SURE = "Are you sure? Check your answer and give it again in \\boxed{}."

_CALC = re.compile(r"\s*<calc>([^<>]*)</calc>\s*")
_PYTHON = re.compile(r"\s*<python>(.*)</python>\s*", re.S)

Asked = Callable[[str], Question | None]
"""A prompt → the question that it asks; `None` where nobody knows."""


class Retry:
    """Says of an attempt that it has no answer, or that it is wrong; says nothing of one that is right.

    Args:
        turns: the most that the solver writes.
        asked: which question a prompt asks.
        verifier: holds a single attempt against a computed answer; `None` where answers are only known by votes, and
            then nothing is said of right and wrong.
    """

    hint = ""

    def __init__(self, turns: int, asked: Asked, verifier: Verifier | None) -> None:
        self.turns, self.asked, self.verifier = turns, asked, verifier

    def reply(self, prompts: Sequence[str], written: Sequence[Sequence[str]]) -> list[str | None]:
        """See `Exchange`."""
        replies: list[str | None] = [None if extract_answer(turns[-1]) else NO_ANSWER for turns in written]
        if self.verifier is None:
            return replies
        known = {i: self.asked(prompt) for i, prompt in enumerate(prompts) if replies[i] is None}
        questions = {i: question for i, question in known.items() if question is not None}
        judged = self.verifier.judge_many(list(questions.values()), [[written[i][-1]] for i in questions])
        for i, judgement in zip(questions, judged, strict=True):
            if judgement.verdicts[0].outcome is Outcome.WRONG:
                replies[i] = WRONG
        return replies


class AskBack:
    """Asks whether the solver is sure, after every answer."""

    hint = ""

    def __init__(self, turns: int) -> None:
        self.turns = turns

    def reply(self, prompts: Sequence[str], written: Sequence[Sequence[str]]) -> list[str | None]:
        """See `Exchange`."""
        return [SURE] * len(written)


class Calculator:
    """Computes; see `core.math_language` for what it reads."""

    hint = "\nTo compute, write <calc>12*(7+1)</calc> and nothing else: the value follows."

    def __init__(self, turns: int) -> None:
        self.turns = turns

    def reply(self, prompts: Sequence[str], written: Sequence[Sequence[str]]) -> list[str | None]:
        """See `Exchange`."""
        calls = [_CALC.fullmatch(turns[-1]) for turns in written]
        return [None if call is None else calculated(call[1]) for call in calls]


class Sandbox:
    """Runs programs that nobody trusts."""

    hint = "\nTo run a program, write <python>print(2**10)</python> and nothing else: what it prints follows."

    def __init__(self, turns: int) -> None:
        self.turns = turns

    def reply(self, prompts: Sequence[str], written: Sequence[Sequence[str]]) -> list[str | None]:
        """See `Exchange`."""
        calls = [_PYTHON.fullmatch(turns[-1]) for turns in written]
        return [None if call is None else _printed(call[1]) for call in calls]


def calculated(text: str) -> str:
    """The exact value of an expression of whole numbers as a number or a fraction; else what is wrong with it."""
    if len(text) > MAX_LENGTH:
        return f"An expression has at most {MAX_LENGTH} characters."
    try:
        value = parse_expression(text)
    except (ValueError, ZeroDivisionError):
        return "This is no expression that can be computed."
    if value.a:
        return "This holds an unknown."
    numerator, denominator = value.b.numerator, value.b.denominator
    return int_text(numerator) if denominator == 1 else f"{int_text(numerator)}/{int_text(denominator)}"


def _printed(code: str) -> str:
    from ....verifiers.sandbox import Limits, run_python

    result = run_python(code, limits=Limits(wall_s=2.0, cpu_s=2.0))
    if result.status == "refused":
        raise ConfigError(f"turns='sandbox' cannot run programs here: {result.detail.get('reason')}")
    said = result.stdout.strip() if result.status == "ok" else str(result.detail.get("error") or result.status)
    return said[:LONGEST_REPLY] or "It printed nothing."


Environment: TypeAlias = Retry | AskBack | Calculator | Sandbox
DEFAULT_TURNS: Mapping[str, int] = {"retry": 2, "ask_back": 2, "calculator": 3, "sandbox": 3}
NONE = "none"


def read_turns(setting: str | Mapping[str, Any]) -> tuple[str, int] | None:
    """The kind and the most turns that `roles.solver.turns` names; `None` for attempts of one turn.

    Raises:
        ConfigError: no such kind, or options that it does not take.
    """
    if isinstance(setting, Mapping):
        name, options = str(setting["name"]), {key: value for key, value in setting.items() if key != "name"}
    else:
        named = parse_named(str(setting))
        name, options = named.name, named.options
        if named.leading:
            raise ConfigError(f"turns is written {name}(turns=2), got {setting!r}")
    if name == NONE and not options:
        return None
    if name not in DEFAULT_TURNS or set(options) - {"turns"}:
        known = ", ".join(f"{kind}(turns={count})" for kind, count in DEFAULT_TURNS.items())
        raise ConfigError(f"turns must be 'none' or one of {known}, got {setting!r}")
    turns = options.get("turns", DEFAULT_TURNS[name])
    if isinstance(turns, bool) or not isinstance(turns, int) or not 2 <= turns <= MOST_TURNS:
        raise ConfigError(f"turns needs a whole number of turns from 2 to {MOST_TURNS}, got {turns!r}")
    return name, turns


def make_exchange(
    kind: str, turns: int, asked: Asked, verifier: Verifier | None
) -> Retry | AskBack | Calculator | Sandbox:
    """The environment of a kind; see `Retry` for `asked` and `verifier`."""
    if kind == "retry":
        return Retry(turns, asked, verifier)
    kinds: dict[str, type[AskBack | Calculator | Sandbox]] = {
        "ask_back": AskBack,
        "calculator": Calculator,
        "sandbox": Sandbox,
    }
    return kinds[kind](turns)
