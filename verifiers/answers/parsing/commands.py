"""Recursive descent, commands: fractions, binomials, floors, matrices, sums, integrals, limits."""

from __future__ import annotations

from ..limits import MAX_ITEMS, ParseError, TooLarge
from ..tree import ONE, Node, walk
from .symbols import ORDERED
from .terms import TermParser
from .word_tokens import Token

_FRACTIONS = {"frac", "dfrac", "tfrac", "cfrac"}
_BINOMIALS = {"binom", "dbinom", "tbinom"}
_ROUNDINGS = {"lfloor": ("rfloor", "floor"), "lceil": ("rceil", "ceil")}
_MATRICES = {"pmatrix", "bmatrix", "Bmatrix", "matrix", "smallmatrix", "array", "vmatrix", "Vmatrix"}
_LINES = {"overline", "bar", "overleftrightarrow", "overarc", "overset"}
_NUMBER_SETS = {"R": "setR", "Z": "setZ", "N": "setN", "Q": "setQ", "C": "setC", "Reals": "setR", "reals": "setR"}
_SYMBOLS = {
    "triangle", "angle", "measuredangle", "square", "Box", "star", "bigstar", "bullet", "diamond", "dagger",
    "ddagger", "aleph",
    "wp", "clubsuit", "spadesuit", "heartsuit", "diamondsuit", "checkmark", "blacksquare", "oplus", "ominus", "otimes",
    "dim", "ker", "deg", "Pr", "sup", "hom", "rank", "tr", "imath", "jmath", "S", "P", "copyright", "sharp",
    "flat", "natural",
    "top", "bot", "forall", "exists", "digamma", "varkappa", "beth", "complement", "bigcirc", "bigtriangleup", "surd",
    "lozenge", "blacktriangle", "smiley", "male", "female", "sun", "eth", "mho", "Finv", "Game", "hslash", "varpi",
}  # fmt: skip
"""Commands that stand for themselves. Any other one is a slip of the pen; its name keeps the backslash."""
_GOES_ON = {"=", "<", ">", "<=", ">=", "+", "-", "approx"}
_LISTS = {"cases", "aligned", "align", "gathered", "split", "alignedat", "gather"}


class CommandParser(TermParser):
    """Adds what opens with a command."""

    def command(self, name: str) -> Node:
        if name in _FRACTIONS:
            return self.fraction()
        if name in _BINOMIALS:
            return ("fn", "binom", self.argument(), self.argument())
        if name == "sqrt":
            return self.root()
        if name in _ROUNDINGS:
            closing, function = _ROUNDINGS[name]
            inner = self.sum()
            self.expect(closing)
            return ("fn", function, inner)
        if name in ("sum", "prod"):
            return self.big(name)
        if name in ("int", "smallint"):
            return self.integral()
        if name == "lim":
            return self.limit()
        if name == "emptyset":
            return ("set", ())
        if name in ORDERED:
            return self.marked(name) or (self.symbol(name) if name.endswith("angle") else self.argument())
        if name in _LINES:
            return self.barred(name)
        if name in ("max", "min", "gcd", "lcm"):
            return self.function(name)
        if name.startswith("set") or name in _NUMBER_SETS:
            return self.symbol(_NUMBER_SETS.get(name, name))
        if name not in _SYMBOLS:
            return self.symbol("\\" + name)
        return self.symbol(name)

    def barred(self, name: str) -> Node:
        r"""\overline{AB}: a segment, whose ends may swap; a number by its digits; a conjugate or a mean."""
        names = self.capitals(1) if self.sees("{") else []
        inner = self.argument()
        if ("const", "i") in walk(inner):
            return ("fn", "conj", inner)
        if len(names) == 2:
            return ("mul", *(("sym", letter) for letter in names))
        if inner[0] == "sym" and name in ("bar", "overline"):
            return ("sym", f"bar {inner[1]}")
        if name != "overline":
            return inner
        digits = inner[0] == "mul" and all(node[0] in ("mul", "sym", "num") for node in walk(inner))
        return ("sym", f"bar {spelled(inner)}") if digits else ("call", "bar", inner)

    def fraction(self) -> Node:
        top, bottom = self.argument(), self.argument()
        derivative = _derivative_of(top, bottom)
        if derivative is not None:
            return derivative
        derived = _derivative(top, bottom)
        if derived is None:
            return ("div", top, bottom)
        variable, order = derived
        return ("diff", variable, order, self.product())

    def big(self, kind: str) -> Node:
        r"""\sum_{k=1}^{n} body and \prod."""
        self.expect("_")
        braced = self.accept("{")
        name = self.take()
        if name.kind != "name" and name.text != "i":
            raise ParseError("a sum over no variable")
        self.expect("=")
        low = self.sum()
        if braced:
            self.expect("}")
        self.expect("^")
        high = self.bound_value()
        self.bound.append(name.text)
        body = self.product()
        self.bound.pop()
        return (kind, name.text, low, high, body)

    def integral(self) -> Node:
        low = high = None
        while self.sees("_", "^"):
            if self.take().text == "_":
                low = self.bound_value()
            else:
                high = self.bound_value()
        if (low is None) != (high is None):
            raise ParseError("an integral with one limit")
        self.integrals += 1
        body = ONE if self.at_differential() else self.sum()
        self.integrals -= 1
        if not self.at_differential():
            raise ParseError("an integral without differential")
        self.take()
        return ("int", self.take().text, low or (), high or (), body)

    def bound_value(self) -> Node:
        if self.sees("{"):
            return self.group()
        return ("neg", self.bound_value()) if self.accept("-") else self.atom()

    def at_differential(self) -> bool:
        token = self.peek()
        return token.kind == "name" and token.text == "d" and self.peek(1).kind == "name"

    def limit(self) -> Node:
        self.expect("_")
        self.expect("{")
        variable = self.take()
        self.expect("to")
        target = self.sum()
        side = ""
        if self.accept("^"):
            side = self.peek(1).text if self.sees("{") else self.peek().text
            self.position += 3 if self.sees("{") else 1
        self.expect("}")
        if variable.kind != "name" or side not in ("", "+", "-"):
            raise ParseError("a limit of no known form")
        return ("lim", variable.text, target, side, self.product())

    def environment(self) -> Node:
        self.deeper()
        name = self.take().text
        if name not in _MATRICES and name not in _LISTS:
            raise ParseError(f"environment {name!r} is not read")
        if name in _LISTS and name != "cases":
            self.drop_alignment()
        rows: list[list[Node]] = [[]]
        count = 0
        while self.peek().kind != "end":
            if self.accept("\\\\"):
                rows.append([])
            elif self.accept("&"):
                continue
            elif self.peek().text == "hline":
                self.take()
            else:
                rows[-1].append(self.cell())
                count += 1
                while name in _LISTS and self.accept(",", ";", "and"):
                    continue
                if not (self.sees("&", "\\\\") or self.peek().kind == "end" or name in _LISTS):
                    raise ParseError("a cell does not end")
            if count > MAX_ITEMS:
                raise TooLarge(f"more than {MAX_ITEMS} cells")
        if self.take().text != name:
            raise ParseError(f"{name!r} is closed by another name")
        self.depth -= 1
        return self.shaped(name, [row for row in rows if row])

    def drop_alignment(self) -> None:
        """In a list of equations "&" only aligns, and a line that opens with a relation goes on."""
        rest = self.tokens[self.position :]
        end = next((index for index, token in enumerate(rest) if token.kind == "end"), len(rest))
        kept: list[Token] = []
        for token in rest[:end]:
            if token.text in _GOES_ON and kept and kept[-1].text == "\\\\":
                kept.pop()
            if token.text != "&":
                kept.append(token)
        self.tokens[self.position :] = kept + rest[end:]

    def cell(self) -> Node:
        raise NotImplementedError

    @staticmethod
    def shaped(name: str, rows: list[list[Node]]) -> Node:
        if not rows:
            raise ParseError(f"an empty {name}")
        if name in _LISTS:
            if all(len(row) == 1 for row in rows):
                return ("bag", tuple(row[0] for row in rows), "and")
            return ("seq", "cases", "", tuple(("bag", tuple(row), ",") for row in rows))
        if len({len(row) for row in rows}) != 1:
            raise ParseError("rows of different length")
        matrix: Node = ("matrix", tuple(tuple(row) for row in rows))
        return ("det", matrix) if name in ("vmatrix", "Vmatrix") else matrix


def _derivative(top: Node, bottom: Node) -> tuple[str, int] | None:
    r"""(variable, order) if the fraction is \frac{d}{dx} or \frac{d^n}{dx^n}."""
    letter: Node = ("sym", "d")
    order = 1
    if top[0] == "pow" and top[1] == letter and top[2][0] == "num" and top[2][1] in (2, 3, 4):
        order = int(top[2][1])
    elif top != letter:
        return None
    if bottom[0] != "mul" or bottom[1] != letter or len(bottom) != 3:
        return None
    variable = bottom[2][1] if order > 1 and bottom[2][0] == "pow" else bottom[2]
    return (variable[1], order) if variable[0] == "sym" else None


def _derivative_of(top: Node, bottom: Node) -> Node | None:
    r"""\frac{dy}{dx} as one name."""
    parts = [part[1:] for part in (top, bottom) if part[0] == "mul" and len(part) == 3 and part[1] == ("sym", "d")]
    if len(parts) < 2 or any(part[1][0] != "sym" for part in parts):
        return None
    return ("sym", f"d{parts[0][1][1]}/d{parts[1][1][1]}")


def spelled(product: Node) -> str:
    """The factors of a product of names and digits, in their order."""
    if product[0] == "mul":
        return "".join(spelled(part) for part in product[1:])
    return str(product[1])
