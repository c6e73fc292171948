"""`code`: questions about Python programs; how players are addressed, and how a challenger's text is read.

A proposal is a `<question>` with a program and calls of it, or with a specification and calls. What is asked follows
from an optional first line `task: …`, else from what is there:

    a program and one call             deduction    what does the call return?
    a program and several calls        induction    the calls with their values; the program is kept back
    no program                         program      the text is the specification, the calls are inputs to test on
    task: abduction                    abduction    the value of the one call is shown; the input is kept back

A proposal names inputs, never outputs: values are what the verifier's sandbox returns when it runs the program, and
the placeholders `<<output>>` and `<<pairs>>` in a text are filled by its `prepare`. A `\\boxed{}` claim is read past.

The one-line form that models of a million parameters can write is read as well: `f=lambda x: 3*x+2. f(4)=?`.
"""

from __future__ import annotations

import ast
import itertools
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.code_questions import OUTPUT_PLACEHOLDER, PAIRS_PLACEHOLDER, TASKS, CodeQuestion
from ...core.errors import with_article
from ...core.literals import node_literal
from ...core.records import Question
from .domains import GameDomain
from .math_domain import identity
from .other_ways.programs import program_kind, program_ways
from .proposals import find_statement, unfit
from .templates import Template, brief
from .tester import NAME as TESTING
from .tester import TESTER
from .validator import NAME as VALIDATING
from .validator import VALIDATOR

MOST_CALLS = 32
LONGEST_CALL = 500
_TASK = re.compile(r"\s*task:\s*(\w+)[ \t]*(?:\n|$)", re.I)
_BLOCK = re.compile(r"```[ \t]*(?:python|py)?[ \t]*\n(.*?)(?:\n[ \t]*```|\Z)", re.S)
_SHORT = re.compile(r"([A-Za-z_]\w*)=(lambda [\w, ]*:.+)\. \1\((.*)\)=\?", re.S)
_NAME = re.compile(r"[A-Za-z_]\w*")

CODE_TEMPLATES: Mapping[str, Template] = {
    "plain": brief("Write a code question at the edge of the solver's ability."),
    "r-zero": Template(
        challenger=(
            "You set programming puzzles. Think first, privately: choose an idea, write a short deterministic Python "
            "function for it, and run it in your head on an input.\n"
            "Then write one puzzle that a strong student solves about half the time. Choose one of four tasks:\n"
            "deduction (program and input are shown, the output is asked), abduction (program and output are shown, an "
            "input is asked), induction (inputs and outputs are shown, the program is asked; give 6 to 12 calls), "
            "program (a specification in words is shown, the program is asked; no code block, but calls to test on).\n"
            "Reply with exactly this and nothing after it:\n"
            "<question>\ntask: deduction\n```python\ndef f(x):\n    return 3 * x + 2\n```\nf(4)\n</question>\n"
            "Outputs are computed by running your program: give inputs only. No randomness, clock, files or printing."
        ),
        solver="{question}\n\nReason step by step first.",
    ),
}


def read_code(text: str) -> Question | str:
    """A challenger's text as a code question, or the reason why it is malformed. Nothing is run here.

    See `proposals.find_statement`. The question may still hold placeholders for executed values, see
    `prepare` of the verifier `code`.
    """
    found = find_statement(text)
    if isinstance(found, str):
        return found
    body = found.text
    if OUTPUT_PLACEHOLDER in body or PAIRS_PLACEHOLDER in body:
        return "the question holds a place for executed values"
    short = _SHORT.fullmatch(body)
    if short:
        return _short(short, body)
    wanted = _TASK.match(body)
    task = wanted[1].lower() if wanted else None
    if task is not None and task not in TASKS:
        return f"no task {task!r}; the tasks are {', '.join(TASKS)}"
    return _long(body[wanted.end() :] if wanted else body, task)


def _short(found: re.Match[str], body: str) -> Question | str:
    name, program = found[1], f"{found[1]}={found[2]}"
    arguments = _arguments(f"{name}({found[3]})")
    if arguments is None:
        return "the call's arguments are no Python literals"
    return _question("deduction", body, program, name, [arguments])


def _long(body: str, task: str | None) -> Question | str:
    block = _BLOCK.search(body)
    if block is None:
        if task not in (None, "program"):
            return f"{with_article(task)} question needs a ```python block"
        return _specified(body)
    program, rest = block[1].strip("\n"), body[block.end() :]
    name = _function(program)
    if name is None:
        return "the program defines no function"
    calls = find_calls(rest, name)
    if not calls:
        return f"no call of {name} with literal arguments after the program"
    if any(place in _inside(call) for call in calls for place in (OUTPUT_PLACEHOLDER, PAIRS_PLACEHOLDER)):
        return "a call holds a place for executed values"  # written with escapes, "\x3c<output>>"
    task = task or ("deduction" if len(calls) == 1 else "induction")
    fenced = f"```python\n{program}\n```"
    if task == "program":
        words = (body[: block.start()] + rest).strip()
        return _question("program", words, program, name, calls) if words else "the specification is empty"
    if task == "induction":
        if len(calls) < 3:
            return "an induction question needs at least three calls"
        wish = f"Write {name}. Answer with one ```python block."
        text = f"A Python function {name} gives these values:\n\n{PAIRS_PLACEHOLDER}\n\n{wish}"
        half = max(2, len(calls) // 2)
        return _question(task, text, program, name, calls[:half], calls[half:])
    if task == "deduction":
        asked = f"What does {name}({_inside(calls[0])}) return? Put the value, as a Python literal, in \\boxed{{}}."
    else:
        wanted = f"Find arguments for which {name} returns {OUTPUT_PLACEHOLDER}."
        asked = f"{wanted} Put them, as a Python tuple, in \\boxed{{}}."
    return _question(task, f"Here is a Python function:\n\n{fenced}\n\n{asked}", program, name, calls[:1])


def _specified(body: str) -> Question | str:
    """A specification in words: the function is the one that is called most."""
    names = _NAME.findall(body)
    called = [name for name in dict.fromkeys(names) if find_calls(body, name)]
    if not called:
        return "neither a ```python block nor a call with literal arguments"
    name = max(called, key=lambda one: len(find_calls(body, one)))
    return _question("program", body, None, name, find_calls(body, name))


def _question(
    task: str,
    text: str,
    program: str | None,
    function: str,
    inputs: list[tuple[Any, ...]],
    hidden: list[tuple[Any, ...]] | None = None,
) -> Question | str:
    code = CodeQuestion(task, function, program, tuple(inputs), tuple(hidden or ()))
    return unfit(text) or Question(text, None, "code", None, "challenger", code.as_meta())


def write_code(question: Question) -> str:
    """A code question as a challenger writes it; `read_code` finds its task, program and inputs in it again, unless a
    specification holds a fence or a block of its own.

    Raises:
        ConfigError: no code question.
    """
    code, body = CodeQuestion.of(question), question.text
    if code.program is not None and not _SHORT.fullmatch(body):
        calls = "\n".join(f"{code.function}({_inside(arguments)})" for arguments in (*code.inputs, *code.hidden))
        words = f"{body}\n" if code.task == "program" else ""
        body = f"task: {code.task}\n{words}```python\n{code.program}\n```\n{calls}"
    return f"<question>{body}</question>"


def find_calls(text: str, function: str) -> list[tuple[Any, ...]]:
    """The distinct argument tuples of calls `function(…)` with literal arguments in a text, in order."""
    found: dict[str, tuple[Any, ...]] = {}
    openings = re.finditer(rf"(?<![\w.]){re.escape(function)}\(", text)
    for opening in itertools.islice(openings, 8 * MOST_CALLS):
        if len(found) == MOST_CALLS:
            break
        call = _balanced(text, opening.start(), opening.end())
        arguments = None if call is None else _arguments(call)
        if arguments is not None:
            found.setdefault(repr(arguments), arguments)
    return list(found.values())


def _balanced(text: str, start: int, inside: int) -> str | None:
    """The call that starts at `start`, up to the parenthesis that closes it; brackets in strings do not count."""
    depth, quote, at = 1, "", inside
    while at < min(len(text), inside + LONGEST_CALL) and depth:
        letter = text[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        else:
            depth += (letter in "([{") - (letter in ")]}")
        at += 1
    return None if depth else text[start:at]


def _arguments(call: str) -> tuple[Any, ...] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a model's string is not our warning
            node = ast.parse(call, mode="eval").body
        if not isinstance(node, ast.Call) or node.keywords:
            return None
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return None
    found = [node_literal(argument) for argument in node.args]
    values = [value for one in found if one is not None for value in one]
    return tuple(values) if len(values) == len(found) else None


def _function(program: str) -> str | None:
    """The last function a program defines at its top level."""
    names = re.findall(r"^def\s+([A-Za-z_]\w*)\s*\(|^([A-Za-z_]\w*)\s*=\s*lambda\b", program, re.M)
    return (names[-1][0] or names[-1][1]) if names else None


def _inside(arguments: tuple[Any, ...]) -> str:
    return ", ".join(map(repr, arguments))


def ask_tester(asked: str, attempts: Sequence[str]) -> str:
    """What the tester reads: the solvers' prompt and the distinct answers, numbered."""
    distinct = list(dict.fromkeys(attempt.strip() for attempt in attempts if attempt.strip()))
    shown = "".join(f"Answer {number}:\n{attempt}\n\n" for number, attempt in enumerate(distinct, 1))
    wish = "Write tests that right answers pass and wrong ones fail, as assert lines in one ```python block."
    return f"{asked}\n\n{shown}{wish}"


TINY_SETTINGS: Mapping[str, Any] = {
    "schedule": {
        "warm_up": {
            "stages": ["warm_up(challenger, steps=60)", "warm_up(tester, steps=40)", "evaluate", "gate"],
            "until": "rounds(1)",
        },
        "self_play": {
            "stages": [
                "train(challenger)",
                "generate",
                "attempt",
                "label",
                "train(solver)",
                "train(tester)",
                "evaluate",
                "gate",
            ]
        },
    },
    "questions.keep_band": [0.1, 0.9],  # labels are executed, so they are right at any solve rate
    # a challenger keeps to forms that are solved half the time; solver and tester should meet the others, too
    "questions.sources": {"challenger": 0.75, "procedural": 0.25},
    "questions.curriculum": "fixed",
    "roles": {
        # the base writes mathematics on the challenger's prompt: a KL term would pull back to that
        "challenger": {"reward": "r-zero", "kl_reference": "round"},
        TESTING: {"groups": 16, "max_new_tokens": 24, "dynamic_sampling": 2, "kl_reference": "round"},
    },
}
"""The solver is not warmed up: it has seen short programs, and what it learns should come from self-play."""


CODE = GameDomain(
    name="code",
    templates=CODE_TEMPLATES,
    read=read_code,
    generator="code",
    verifier="code",
    solver="coder",
    labels={"vote": "majority", "checked": "code", "validated": "majority", "executor": "code", "oracle": "exact"},
    grader="code",
    settings={"questions": {"generator": "deduction:short"}, "labels": {"source": "executor"}},
    tiny_settings=TINY_SETTINGS,
    identify=identity,  # programs read as folded text; a sum that a program's text happens to be is the same sum
    ask_tester=ask_tester,
    roles={VALIDATING: VALIDATOR, TESTING: TESTER},
    kinds=program_kind,
    other_ways=program_ways,
    proposal=write_code,
)
