"""Numerals: mixed numbers, other bases, repeating decimals."""

from __future__ import annotations

from fractions import Fraction

from ..limits import MAX_DIGITS, ParseError, TooLarge
from ..tree import Node, number
from .cursor import END, Cursor
from .word_tokens import Token
from .words import spoken_number


class NumeralParser(Cursor):
    """Adds numerals."""

    def argument(self) -> Node:
        raise NotImplementedError

    def numeral(self, token: Token) -> Node:
        text = token.text
        if len(text) > MAX_DIGITS:
            raise TooLarge(f"more than {MAX_DIGITS} digits")
        if self.sees("_"):
            return self.based(text)
        if "\\" in text or "(" in text or text.endswith("..."):
            return _repeating(text)
        if text[:2].lower() in ("0x", "0b"):
            return number(int(text, 0))
        if (not text[0].isdigit() and text[0] != ".") or text[-1:].isalpha():
            raise ParseError("digits of no base")
        value = Fraction(int(text) if text.isascii() and text.isdigit() else text)
        decimals = len(text.partition(".")[2]) if "e" not in text.lower() else 0
        if not decimals:
            mixed = self.mixed(value)
            if mixed is not None:
                return mixed
        return ("num", value, decimals)

    def mixed(self, whole: Fraction) -> Node | None:
        r""" "1 1/2" and "1\frac{1}{2}" are 3/2."""
        first, second, third = self.peek(), self.peek(1), self.peek(2)
        if first.kind == "num" and first.spaced and second.text == "/" and third.kind == "num":
            if first.text.isdigit() and third.text.isdigit() and int(third.text[:20]):
                self.position += 3
                return ("num", whole + Fraction(int(first.text), int(third.text)), 0)
        elif first.text in ("frac", "dfrac", "tfrac", "cfrac") and "num" in (second.kind, third.kind):
            start = self.position
            self.take()
            top, bottom = self.argument(), self.argument()
            integers = top[0] == bottom[0] == "num" and top[1].denominator == bottom[1].denominator == 1
            if integers and bottom[1]:
                return ("num", whole + top[1] / bottom[1], 0)
            self.position = start
        return None

    def based(self, digits: str) -> Node:
        self.take()
        start = self.position
        words = self.subscript()
        base = int(words) if words.isdigit() and len(words) < 3 else spoken_number(words)
        digits_only = digits.replace(".", "", 1).isalnum()
        if (
            digits_only
            and base is not None
            and 2 <= base <= 36
            and all(int(digit, 36) < base for digit in digits if digit != ".")
        ):
            if "." not in digits:
                return number(int(digits, int(base)))
            whole, _, part = digits.partition(".")
            return ("num", Fraction(int(whole + part, int(base)), int(base) ** len(part)), 0)
        self.position = start
        raise ParseError("a number with an index that is no base")

    def subscript(self) -> str:
        """The spelling of what follows an underscore."""
        if not self.accept("{"):
            return self.take().text
        parts, depth = [], 1
        while depth:
            token = self.take()
            if token is END:
                raise ParseError("an index is not closed")
            depth += (token.text == "{") - (token.text == "}")
            if depth:
                parts.append(token.text)
        return "".join(parts)


def _repeating(text: str) -> Node:
    r"""0.1\overline{6}, 0.(3), 0.333..."""
    if text.endswith(("...", "dots")):
        digits = text.rstrip(".").partition("\\")[0]
        whole, _, part = digits.partition(".")
        for length in (1, 2, 3, 6):
            tail = part[-length:]
            if len(part) >= max(2, 2 * length) and part.endswith(tail * 2):
                return _periodic(whole, part, tail)
        raise ParseError("digits go on in no visible pattern")
    whole, _, rest = text.partition(".")
    cut = min(index for index in (rest.find("\\"), rest.find("(")) if index >= 0)
    period = "".join(character for character in rest[cut:] if character.isdigit())
    return _periodic(whole, rest[:cut], period)


def _periodic(whole: str, fixed: str, period: str) -> Node:
    value = Fraction(f"{whole or 0}.{fixed or 0}")
    return ("num", value + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed)), 0)


def based(digits: Node, base: Node) -> Node:
    """101 base 2."""
    if digits[0] == base[0] == "num" and digits[1].denominator == 1 and 2 <= base[1] <= 10:
        written = str(digits[1])
        if all(int(digit) < base[1] for digit in written):
            return number(int(written, int(base[1])))
    raise ParseError("a number of no base")
