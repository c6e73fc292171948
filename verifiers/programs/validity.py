"""Whether a proposed program makes a question: it parses, repeats itself, keeps to its limits, and is not trivial.

Absolute Zero (arXiv 2505.03335, section 3.3.2) checks integrity, safety by a word list, and determinism. Safety is the
sandbox's business here, so the word list is gone; what is left of it names sources of randomness and time, because two
runs a moment apart may agree by luck. Added: the second run goes through the inputs backwards, which finds programs
that remember earlier calls, and the output must depend on the input.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...core.literals import Value
from ..sandbox import CallResult
from .code_blocks import defined_names, parse, syntax_error
from .execution import PATIENCE, TimedExecutor, behaviour, prints
from .test_suites import UNTRIED, failed

UNREPEATABLE_MODULES = frozenset(
    {"random", "secrets", "uuid", "time", "datetime", "threading", "tempfile", "os", "sys", "gc", "resource", "socket"}
)
UNREPEATABLE_NAMES = frozenset({"id", "hash", "input", "open", "globals", "vars"})


FIRST_SHARE = 0.45
"""Of a program's time, how much the first run may take: the second needs as much."""


@dataclass(frozen=True, slots=True)
class Validity:
    """What was found of a program.

    Attributes:
        reason: why it makes no question, "" if it does.
        results: what it did on each input, in order; empty if it was not run.
        refused: whether the reason is ours: no sandbox, so nothing is known.
    """

    reason: str
    results: tuple[CallResult, ...] = ()
    refused: bool = False


def check_program(
    executor: TimedExecutor,
    code: str,
    function: str,
    inputs: Sequence[tuple[Value, ...]],
    needed: int,
    depends: bool = True,
) -> Validity:
    """Run a program twice on its inputs and judge whether questions can be made of it.

    Args:
        inputs: argument tuples; on the first `needed` of them it must return a value.
        depends: whether its values must differ between inputs.
    """
    reason = static_reason(code, function)
    if reason:
        return Validity(reason)
    kept = executor.left * (1 - FIRST_SHARE)
    first = executor.call(code, function, inputs[:needed], seconds=executor.left - kept) if needed else ()
    rest = inputs[needed:] if all(result.status == "ok" for result in first) else ()  # one that hangs is found out now
    if rest:
        first = (*first, *executor.call(code, function, rest, patience=PATIENCE, seconds=executor.left - kept))
    results = tuple(first)
    if any(result.status == "refused" for result in results):
        return Validity(f"the sandbox refuses to run: {results[0].error}", results, True)
    for index, result in enumerate(results[:needed]):
        if result.status != "ok":
            why = result.error or result.status
            return Validity(f"no value on input {index + 1}: {why}", results)
    with_output = prints(results)
    seen = behaviour(results, with_output)
    second = _again(executor, code, function, inputs, seen, with_output)
    if any(other not in (one, UNTRIED) and not _slow(other) for one, other in zip(seen, second, strict=True)):
        return Validity("two runs differ: the program is not deterministic", results)
    if UNTRIED in second[:needed]:
        return Validity("it is too slow to be run twice on its inputs", results)
    results = tuple(_confirmed(one, other) for one, other in zip(results, second, strict=True))
    seen = behaviour(results, with_output)
    values = {observation for observation in seen if not failed(observation)}
    if depends and len(inputs) > 1 and len(values) < 2:
        return Validity("the output does not depend on the input", results)
    return Validity("", results)


def _again(
    executor: TimedExecutor,
    code: str,
    function: str,
    inputs: Sequence[tuple[Value, ...]],
    seen: Sequence[str],
    with_output: bool,
) -> list[str]:
    """What a second run, backwards, shows on the inputs that the first did not lose its time on."""
    tried = [index for index, one in enumerate(seen) if not _slow(one)][::-1]
    results = executor.call(code, function, [inputs[index] for index in tried], patience=PATIENCE)
    found = [UNTRIED] * len(seen)
    for index, observed in zip(tried, behaviour(results, with_output), strict=True):
        found[index] = observed
    return found


def _confirmed(result: CallResult, second: str) -> CallResult:
    """A result that the second run had no time for is taken back."""
    if second != UNTRIED or result.status != "ok":
        return result
    return replace(result, status="timeout", value=None, detail={**result.detail, "untried": True})


def static_reason(code: str, function: str) -> str:
    """Why a program cannot make a question, found without running it; "" if nothing."""
    line, message = syntax_error(code)
    if message:
        return f"does not parse: {message}" + (f" (line {line})" if line else "")
    if function not in defined_names(code):
        names = ", ".join(defined_names(code)) or "nothing"
        return f"defines no {function!r}; it defines {names}"
    tree = parse(code)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found = sorted({m.split(".")[0] for m in modules} & UNREPEATABLE_MODULES)
            if found:
                return f"imports {found[0]}, on which its value may depend (line {node.lineno})"
        if isinstance(node, ast.Name) and node.id in UNREPEATABLE_NAMES and isinstance(node.ctx, ast.Load):
            return f"uses {node.id}, on which its value may depend (line {node.lineno})"
    return ""


def _slow(observation: str) -> bool:
    """Near the time limit two runs may differ without the program being to blame."""
    return observation.startswith("!timeout") or observation == UNTRIED
