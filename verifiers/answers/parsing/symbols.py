"""Names of things: variables with indices and primes, unknown functions applied, runs of capitals, angles, vectors."""

from __future__ import annotations

from ..limits import ParseError
from ..tree import Node
from .numerals import NumeralParser

_FUNCTION_LETTERS = set("fghFGH")
_INVERSE = ["^", "{", "-", "1", "}", "("]
ORDERED = {"overrightarrow", "overleftarrow", "vec", "angle", "measuredangle", "triangle"}
"""Commands before a run of capitals whose order matters, or not, in a way of their own."""


class SymbolParser(NumeralParser):
    """Adds names."""

    bound: list[str]

    def sum(self) -> Node:
        raise NotImplementedError

    def symbol(self, name: str) -> Node:
        if self.accept("_"):
            return self.applied(f"{name}_{self.subscript()}")
        if name in ("e", "i") and name not in self.bound:
            return ("const", name)
        return self.applied(name)

    def applied(self, name: str) -> Node:
        primes = 0
        while self.accept("'"):
            primes += 1
        name += "'" * primes
        if name[0] in _FUNCTION_LETTERS and [self.peek(ahead).text for ahead in range(6)] == _INVERSE:
            self.position += 5
            name += "^-1"
        if self.sees("{") and self.peek(1).text == "(" and self.closes(1):  # sympy prints f{\\left(x \\right)}
            self.position += 2
            items = self.items(")")
            self.expect(")")
            self.expect("}")
            if name[0] in _FUNCTION_LETTERS or "'" in name or len(items) > 1 or self.sees("="):
                return ("call", name, *items)
            return ("mul", ("sym", name), items[0])
        if self.sees("(") and (name[0] in _FUNCTION_LETTERS or "'" in name or self.defines()):
            self.take()
            items = self.items(")")
            self.expect(")")
            return ("call", name, *items)
        return ("sym", name)

    def items(self, closing: str) -> list[Node]:
        found = [self.sum()]
        while self.accept(",", ";"):
            found.append(self.sum())
        return found

    def defines(self) -> bool:
        """Whether "(x) =" or "(x, y) =" follows: then a letter is a function's name."""
        index = 1
        while self.peek(index).kind == "name" and self.peek(index + 1).text == ",":
            index += 2
        return self.peek(index).kind == "name" and self.peek(index + 1).text == ")" and self.peek(index + 2).text == "="

    def closes(self, ahead: int) -> bool:
        """Whether the parenthesis that opens there is closed just before a brace closes."""
        depth = 0
        for index in range(self.position + ahead, len(self.tokens) - 1):
            depth += (self.tokens[index].text == "(") - (self.tokens[index].text == ")")
            if depth == 0:
                return self.tokens[index + 1].text == "}"
        return False

    def primed(self, value: Node, primes: int = 1) -> Node:
        if value[0] not in ("sym", "const"):
            raise ParseError("a prime after an expression")
        return self.applied(value[1] + "'" * primes)

    def primes_in_exponent(self) -> int:
        r"""How many primes x^{\prime} has; they are taken."""
        if not self.sees("{") or self.peek(1).text != "'":
            return 0
        count = 1
        while self.peek(1 + count).text == "'":
            count += 1
        if self.peek(1 + count).text != "}":
            raise ParseError("a prime in an exponent")
        self.position += count + 2
        return count

    # -- runs of capitals

    def capitals(self, ahead: int = 0) -> list[str]:
        """The single capitals from there on that belong to one name, with their primes."""
        names: list[str] = []
        index = ahead
        while True:
            token = self.peek(index)
            if token.kind in ("name", "letter") and len(token.text) == 1 and token.text.isupper():
                if names and token.spaced:
                    return names
                names.append(token.text)
            elif token.text == "'" and names:
                names[-1] += "'"
            else:
                return names
            index += 1

    def take_capitals(self, names: list[str]) -> None:
        self.position += sum(map(len, names))

    def marked(self, command: str) -> Node | None:
        r"""What \\angle, \\triangle and \\overrightarrow stand before; `None` if that is no run of capitals.

        An angle may be read from either end, a triangle from any corner, and a vector the other way is its negative.
        """
        braced = self.sees("{")
        names = self.capitals(1 if braced else 0)
        if not names or (braced and self.peek(1 + sum(map(len, names))).text != "}"):
            return None
        self.position += braced
        self.take_capitals(names)
        self.position += braced
        if command in ("angle", "measuredangle"):
            return ("sym", "∠" + "".join(names if names[0] <= names[-1] else names[::-1]))
        if command == "triangle":
            return ("sym", "△" + "".join(sorted(names)))
        if len(names) == 1:
            return ("sym", names[0])
        if command == "overleftarrow":
            names = names[::-1]
        if len(names) == 2 and names[0] > names[1]:
            return ("neg", ("sym", "→" + "".join(names[::-1])))
        return ("sym", "→" + "".join(names))
