"""Recursive descent, lower half: sums, products, powers, functions, fractions, big operators.

Grammar (blanks free; `·` is juxtaposition):

    sum     = ["+" | "-" | "±" | "∓"] product (("+" | "-" | "±" | "∓") product)*
    product = power (("*" | "/" | ·) power)*
    power   = postfix ["^" exponent]
    postfix = atom ("!" | "%" | "°")*
"""

from __future__ import annotations

import math

from ..limits import ParseError
from ..tree import ONE, Node, number, walk
from .symbols import SymbolParser
from .word_tokens import Token
from .words import CURRENCY, UNITS

_STARTS = {"num", "name", "fn", "const"}
_OPENING = {"(", "[", "langle", "\\{"}
_STRUCTURE = {
    "cup", "cap", "setminus", "in", "notin", "equiv", "to", "subset", "subseteq", "supset", "sim", "cong", "perp",
    "parallel", "propto", "pm", "mp", "leftrightarrow", "rangle", "rfloor", "rceil", "pmod", "bmod", "mod", "choose",
    "degree", "circ",
    "notmid", "nmid", "ni", "over", "not", "approx", "cross",
}  # fmt: skip
_SCALES = {"c", "f", "celsius", "fahrenheit"}
_PERHAPS = {"U", "(", "frac", "dfrac", "tfrac"}
"""What may begin a union, a comment or a unit's fraction instead of a factor."""
_INVERSE = {"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh"}


class TermParser(SymbolParser):
    """Each method reads one rule or raises `ParseError`."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens)
        self.bars = 0
        """Open absolute bars: inside them a bar closes."""
        self.integrals = 0
        self.group_depth = 0
        """Open braces: inside them a letter after a number is a variable."""
        self.bound: list[str] = []

    # -- rules

    def sum(self) -> Node:
        terms = [self.signed()]
        while True:
            if self.accept("+"):
                terms.append(self.signed())
            elif self.accept("-"):
                terms.append(("neg", self.signed()))
            elif self.accept("pm"):
                terms.append(("pm", self.product()))
            elif self.accept("mp"):
                terms.append(("mp", self.product()))
            else:
                return terms[0] if len(terms) == 1 else ("add", *terms)

    def signed(self) -> Node:
        negative = False
        while self.sees("+", "-"):
            negative ^= self.take().text == "-"
        if self.sees("pm", "mp"):
            kind = self.take().text
            value: Node = (kind, self.product())
        else:
            value = self.product()
        return ("neg", value) if negative else value

    def product(self) -> Node:
        value = self.power()
        while True:
            if self.accept("*"):
                value = ("mul", value, self.factor())
            elif self.accept("cross"):  # not commutative
                value = ("call", "cross product", value, self.factor())
            elif self.accept("/"):
                value = ("div", value, self.factor())
            elif self.accept("mod", "bmod"):
                value = ("fn", "mod", value, self.factor())
            elif self.starts_factor():
                previous = self.tokens[self.position - 1]
                if previous.kind == "num" and self.peek().kind == "num":
                    raise ParseError("two numbers side by side")
                value = ("mul", value, self.power())
            else:
                return in_order(value)

    def factor(self) -> Node:
        """A factor after an operator, where a sign may stand: 2·-3."""
        if self.sees("-", "+"):
            negative = self.take().text == "-"
            value = self.factor()
            return ("neg", value) if negative else value
        return self.power()

    def starts_factor(self) -> bool:
        token = self.peek()
        if token.text in _PERHAPS and (self.joins_sets() or self.comment_ahead()):
            return False
        if self.integrals and token == ("name", "d", token.spaced) and self.peek(1).kind == "name":
            return False
        if token.kind in _STARTS or (token.kind == "letter" and not self.unit_ahead()):
            return True
        if token.kind == "op":
            return token.text in ("(", "[", "{") or (token.text in "|‖" and not self.bars)
        if token.kind == "begin":
            return True
        return token.kind == "cmd" and token.text not in _STRUCTURE

    def joins_sets(self) -> bool:
        """Whether "U" stands between brackets: then it means the union."""
        token = self.peek()
        if token.kind != "name" or token.text != "U" or self.peek(1).text not in ("(", "[", "\\{", "{"):
            return False
        return self.position > 0 and self.tokens[self.position - 1].text in (")", "]", "\\}", "}")

    def comment_ahead(self) -> bool:
        """Whether words in parentheses, a modulus or a unit's fraction follow, which are no factor."""
        raise NotImplementedError

    def unit_ahead(self) -> bool:
        """Whether a unit's symbol ends the item."""
        raise NotImplementedError

    def power(self) -> Node:
        self.deeper()
        base = self.postfix(self.atom())
        while self.accept("^"):
            base = self.raised(base)
            base = self.postfix(base)
        self.depth -= 1
        return base

    def raised(self, base: Node) -> Node:
        if self.accept("circ", "degree"):
            return self.degrees(base)
        if self.sees("{") and self.peek(1).text in ("circ", "degree") and self.peek(2).text == "}":
            self.position += 3
            return self.degrees(base)
        primes = self.primes_in_exponent()
        if primes:
            return self.primed(base, primes)
        if self.accept("'"):
            return self.primed(base)
        return ("pow", base, self.exponent())

    def exponent(self) -> Node:
        if self.sees("-", "+"):
            negative = self.take().text == "-"
            value = self.exponent()
            return ("neg", value) if negative else value
        if self.peek().kind == "cmd" and self.peek().text in ("top", "intercal", "dagger"):
            self.take()
            return ("sym", "T")
        self.deeper()
        base = self.postfix(self.atom()) if not self.sees("{") else self.group()
        value = ("pow", base, self.exponent()) if self.accept("^") else base
        self.depth -= 1
        return value

    def degrees(self, base: Node) -> Node:
        token = self.peek()
        if token.kind in ("name", "text", "unit") and token.text.casefold() in _SCALES:
            self.take()
            return ("unit", base, UNITS["°" + token.text[0].upper()])
        return ("degree", base)

    def postfix(self, value: Node) -> Node:
        while True:
            if self.accept("!"):
                value = self.double_factorial(value) if self.accept("!") else ("fn", "factorial", value)
            elif self.accept("%"):
                if value[0] == "percent":
                    raise ParseError("a percentage of a percentage")
                value = ("percent", value)
            elif self.sees("degree"):
                self.take()
                value = self.degrees(value)
            elif self.sees("'"):
                self.take()
                value = self.primed(value)
            elif value[0] == "sym" and self.sees("_"):  # {g}_{k}
                self.take()
                value = self.applied(f"{value[1]}_{self.subscript()}")
            else:
                return value

    def double_factorial(self, value: Node) -> Node:
        """5!! is 5·3·1."""
        if value[0] != "num" or value[1].denominator != 1 or not 0 <= value[1] <= 300 or self.sees("!"):
            raise ParseError("double factorial")
        return number(math.prod(range(int(value[1]), 0, -2)))

    def atom(self) -> Node:
        token = self.take()
        if token.kind == "num":
            return self.numeral(token)
        if token.kind in ("name", "letter"):
            return self.symbol(token.text)
        if token.kind == "const":
            return self.symbol(token.text) if self.sees("_") else ("const", token.text)
        if token.kind == "fn":
            return self.function(token.text)
        if token.kind == "money":
            return ("unit", self.postfix(self.atom()), CURRENCY.get(token.text, CURRENCY["$"]))
        if token.kind in ("op", "cmd", "begin"):
            self.position -= 1
            return self.special(token)
        raise ParseError(f"unexpected {token.kind} {token.text!r}")

    def special(self, token: Token) -> Node:
        """Everything that opens with an operator or a command."""
        text = token.text
        if token.kind == "begin":
            return self.environment()
        if text == "{":
            return self.group()
        if text in _OPENING or text == "]":
            return self.bracket()
        if text in "|‖":
            return self.absolute(text)
        if text == "...":
            self.take()
            return ("sym", "...")
        if token.kind == "cmd" and text not in _STRUCTURE:
            self.take()
            return self.command(text)
        raise ParseError(f"unexpected {text!r}")

    def bracket(self) -> Node:
        raise NotImplementedError

    def environment(self) -> Node:
        raise NotImplementedError

    def group(self) -> Node:
        raise NotImplementedError

    def argument(self) -> Node:
        """What a command such as frac takes: a group, or one token; of a number its first digit."""
        if self.sees("{"):
            return self.group()
        token = self.peek()
        if token.kind == "num" and len(token.text) > 1 and token.text.isdigit():
            self.tokens[self.position] = Token("num", token.text[1:], False)
            return number(int(token.text[0]))
        if self.sees("-"):
            self.take()
            return ("neg", self.argument())
        return self.atom()

    def absolute(self, bar: str) -> Node:
        self.take()
        self.bars += 1
        inner = self.sum()
        self.bars -= 1
        self.expect(bar)
        return ("fn", "abs" if bar == "|" else "norm", inner)

    def function(self, name: str) -> Node:
        base: Node | None = None
        power: Node | None = None
        while self.sees("_", "^"):
            if self.take().text == "_":
                base = self.index_of_logarithm()
            else:
                power = self.exponent()
        if name == "sqrt":
            return self.raise_to(self.root(), power)
        if self.sees("("):
            self.take()
            arguments = self.items(")")
            self.expect(")")
        elif self.sees("{"):
            arguments = [self.group()]
        else:
            arguments = [self.open_argument()]
        if power == ("neg", ONE) and name in _INVERSE:
            name, power = "a" + name, None
        if name in ("exp", "cbrt", "lg"):
            return self.raise_to(_renamed(name, arguments), power)
        if base is not None:
            arguments = [*arguments, base]
        return self.raise_to(("fn", name, *arguments), power)

    def index_of_logarithm(self) -> Node:
        """The base in log_2 8, log_{10} 5 and log_28: of a number that no argument follows, the first digit."""
        token, following = self.peek(), self.peek(1)
        if token.kind == "num" and len(token.text) > 1:
            goes_on = following.kind in _STARTS or following.text in ("(", "{", "|") or following.kind == "cmd"
            return self.atom() if goes_on else self.argument()
        return self.argument() if self.sees("{") else self.atom()

    @staticmethod
    def raise_to(value: Node, power: Node | None) -> Node:
        return value if power is None else ("pow", value, power)

    def open_argument(self) -> Node:
        """The argument of a function without parentheses: sin 2x, ln|x|; it ends at the next function."""
        negative = self.accept("-")
        value = self.power()
        while self.starts_factor() and self.peek().kind != "fn" and not self.sees("(", "["):
            value = ("mul", value, self.power())
        return ("neg", value) if negative else value

    def root(self) -> Node:
        if self.accept("["):
            degree = self.sum()
            self.expect("]")
            return ("fn", "root", self.argument() if self.sees("{") else self.atom(), degree)
        return ("fn", "sqrt", self.argument() if self.sees("{") else self.atom())

    def command(self, name: str) -> Node:
        raise NotImplementedError


def in_order(product: Node) -> Node:
    """A product with the inverse of a capital, A⁻¹B: of matrices, whose order matters."""
    if product[0] != "mul":
        return product
    factors = _factors(product)
    capitals = [_capital(factor) for factor in factors]
    inverse = any(factor[0] == "pow" and factor[2][0] == "neg" for factor in factors if _capital(factor))
    small = any(node[0] == "sym" and not node[1].isupper() for factor in factors for node in walk(factor))
    return ("call", "matrix product", *factors) if inverse and sum(capitals) > 1 and not small else product


def _factors(product: Node) -> list[Node]:
    return [*_factors(product[1]), *product[2:]] if product[0] == "mul" else [product]


def _capital(factor: Node) -> bool:
    base = factor[1] if factor[0] == "pow" else factor
    return bool(base[0] == "sym" and len(base[1]) == 1 and base[1].isupper())


def _renamed(name: str, arguments: list[Node]) -> Node:
    if name == "exp":
        return ("pow", ("const", "e"), arguments[0])
    if name == "lg":
        return ("fn", "log", arguments[0], number(10))
    return ("fn", "root", arguments[0], number(3))
