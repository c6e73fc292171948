"""Which faults `mutation.py` puts into a file: mutmut's operators on every line, and three of our own.

mutmut changes only what stands in undecorated functions, because it swaps functions in a running process. Constants,
defaults of settings and everything below a decorator stay as they are there, and these are what survived when people
looked by hand. So its operators are used here and its driver is not: each mutant is a whole new text of the file.

Left alone, because no behaviour hangs on it: annotations and aliases of types, docstrings, `__all__`, `cast(…)`, the
options of `@dataclass`, and `strict=True` of `zip`, which is an assertion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import libcst as cst
from libcst.metadata import (
    CodeRange,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    WhitespaceInclusivePositionProvider,
)
from mutmut.mutation.mutators import mutation_operators


@dataclass(frozen=True)
class Mutant:
    """One fault: the text of the file with it, and the words that name it wherever the line moves to.

    Attributes:
        path: of the file, from the root.
        scope: the function or class it stands in, "" at the top.
        before, after: the lines that differ.
        number: counts mutants that share all of these.
        lines: first and last line of the statement it stands in.
        at_import: whether that statement runs when the module is imported.
        source: the whole file.
        alike: whether only the case of letters changes, in a pattern that ignores case: no test could notice it.
    """

    path: str
    scope: str
    before: str
    after: str
    number: int
    lines: tuple[int, int]
    at_import: bool
    source: str
    alike: bool = False

    @property
    def name(self) -> str:
        number = f" #{self.number}" if self.number > 1 else ""
        return f"{self.path} {self.scope or '(module)'}: {self.before} → {self.after}{number}"


def mutants(path: str, source: str) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    visitor = _Finder(source)
    wrapper.visit(visitor)
    found, seen = [], Counter[tuple[str, str, str]]()
    whole = wrapper.resolve(WhitespaceInclusivePositionProvider)
    starts = list(accumulate((len(line) for line in source.splitlines(keepends=True)), initial=0))
    for place, old, new in visitor.found:
        text = _changed(wrapper.module, source, starts, whole[old], old, new)
        if text is None:
            continue
        before, after = _difference(source, text)
        key = place.scope, before, after
        seen[key] += 1
        alike = place.ignores_case and before.lower() == after.lower() and "(?-i:" not in before
        found.append(Mutant(path, *key, seen[key], place.lines, place.at_import, text, alike))
    return sorted(found, key=lambda mutant: mutant.lines)


def _changed(
    module: cst.Module, source: str, starts: list[int], at: CodeRange, old: cst.CSTNode, new: cst.CSTNode
) -> str | None:
    """The text with one node exchanged; `None` where that is no Python, or the same."""
    if isinstance(old, cst.BaseCompoundStatement):  # its lines are indented
        text = module.deep_replace(old, new).code  # type: ignore[union-attr]
    else:
        begin, end = (starts[point.line - 1] + point.column for point in (at.start, at.end))
        text = source[:begin] + module.code_for_node(new) + source[end:]
    try:
        compile(text, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return None
    return None if text == source else text


def _difference(old: str, new: str) -> tuple[str, str]:
    """The lines in which two texts differ, each as one line of text."""
    ours, theirs = old.splitlines(), new.splitlines()
    start = next((i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), 0)
    end = 0
    while end < min(len(ours), len(theirs)) - start and ours[-1 - end] == theirs[-1 - end]:
        end += 1
    cut = [" ".join(line.strip() for line in lines[start : len(lines) - end]) for lines in (ours, theirs)]
    return cut[0], cut[1]


# --- operators of our own ---


def forced(test: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """A condition that never holds, and one that always does, as mutmut has it for `a if b else c`."""
    within = cst.LeftParen(), cst.RightParen()
    inner = test.with_changes(lpar=[*test.lpar, within[0]], rpar=[*test.rpar, within[1]])
    yield cst.BooleanOperation(left=inner, operator=cst.And(), right=cst.Name("False"))
    yield cst.BooleanOperation(left=inner, operator=cst.Or(), right=cst.Name("True"))


def nothing_returned(node: cst.Return) -> Iterator[cst.CSTNode]:
    """`return x` becomes `return None`."""
    if node.value is not None and not (isinstance(node.value, cst.Name) and node.value.value == "None"):
        yield node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))


def call_dropped(node: cst.Expr) -> Iterator[cst.CSTNode]:
    """A call for its effect is not made."""
    if isinstance(node.value, cst.Call):
        yield cst.Pass()


OWN: list[tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]] = [
    (cst.Return, nothing_returned),
    (cst.Expr, call_dropped),
]


# --- where they apply ---


@dataclass(frozen=True)
class _Place:
    scope: str
    lines: tuple[int, int]
    at_import: bool
    ignores_case: bool


class _Finder(cst.CSTVisitor):
    """Collects (place, node, what stands there instead)."""

    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.found: list[tuple[_Place, cst.CSTNode, cst.CSTNode]] = []
        self.scope: list[cst.FunctionDef | cst.ClassDef] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _without_behaviour(node, self.get_metadata(ParentNodeProvider, node, None), self.source):
            return False
        for kind, operator in (*mutation_operators, *OWN):
            if isinstance(node, kind):
                for other in operator(node):
                    if _strict(node) is _strict(other):
                        self.found.append((self._place(node), node, other))
        if isinstance(node, cst.If | cst.While | cst.CompIf):
            self.found += [(self._place(node.test), node.test, other) for other in forced(node.test)]
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.scope.append(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self.scope and original_node is self.scope[-1]:
            self.scope.pop()

    def _place(self, node: cst.CSTNode) -> _Place:
        """Of a simple statement all lines; of one with a body those of the part of its head that changes."""
        chain = list(self._upwards(node))
        statement = next(n for n in chain if isinstance(n, cst.SimpleStatementLine | cst.BaseCompoundStatement))
        if isinstance(statement, cst.BaseCompoundStatement):
            statement = next(n for n in chain if self.get_metadata(PositionProvider, n, None) is not None)
        where = self.get_metadata(PositionProvider, statement)
        pairs = pairwise(chain)
        runs_later = any(isinstance(above, cst.FunctionDef) and below is above.body for below, above in pairs)
        scope = ".".join(part.name.value for part in self.scope)
        return _Place(scope, (where.start.line, where.end.line), not runs_later, any(map(_ignores_case, chain)))

    def _upwards(self, node: cst.CSTNode | None) -> Iterator[cst.CSTNode]:
        while node is not None:
            yield node
            node = self.get_metadata(ParentNodeProvider, node, None)


def _ignores_case(node: cst.CSTNode) -> bool:
    """Whether it is `re.compile(…, re.I)`."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Attribute) or node.func.attr.value != "compile":
        return False
    flags = (inner for arg in node.args[1:] for inner in [arg.value, *arg.value.children])
    return any(isinstance(flag, cst.Attribute) and flag.attr.value == "I" for flag in flags)


def _without_behaviour(node: cst.CSTNode, parent: cst.CSTNode | None, source: str) -> bool:
    """Whether nothing that runs depends on a node."""
    if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom):
        return True
    if isinstance(node, cst.If) and isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING":
        return True
    if isinstance(node, cst.Decorator) and _called(node.decorator) == "dataclass":
        return True
    if isinstance(node, cst.Call) and _called(node) == "cast":
        return True
    if isinstance(node, cst.Arg) and isinstance(parent, cst.Call) and node is _strict(parent):
        return True
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.BaseString):
        return True
    return isinstance(node, cst.Assign | cst.AnnAssign) and _is_alias(node, source)


def _strict(node: cst.CSTNode) -> cst.Arg | None:
    """The argument `strict=…` of a call."""
    args = node.args if isinstance(node, cst.Call) else ()
    return next((arg for arg in args if arg.keyword is not None and arg.keyword.value == "strict"), None)


def _called(node: cst.BaseExpression) -> str:
    func = node.func if isinstance(node, cst.Call) else node
    return func.value if isinstance(func, cst.Name) else ""


def _is_alias(node: cst.Assign | cst.AnnAssign, source: str) -> bool:
    """`__all__`, and names for types, `Tokens = tuple[str, ...]`; a `Literal[…]` whose words are read is none."""
    target = node.target if isinstance(node, cst.AnnAssign) else node.targets[0].target
    if not isinstance(target, cst.Name):
        return False
    named = target.value[:1].isupper() and not target.value.isupper() and isinstance(node.value, cst.Subscript)
    return target.value == "__all__" or (named and f"get_args({target.value})" not in source)
