"""A position in a list of tokens, and the moves every rule of the grammar is made of."""

from __future__ import annotations

from ..limits import MAX_DEPTH, ParseError, TooLarge
from .word_tokens import Token

END = Token("end of text", "", False)


class Cursor:
    """Holds the tokens, the position and the depth of nesting."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.position, self.depth = tokens, 0, 0

    def peek(self, ahead: int = 0) -> Token:
        try:
            return self.tokens[self.position + ahead]
        except IndexError:
            return END

    def take(self) -> Token:
        try:
            token = self.tokens[self.position]
        except IndexError:  # so no loop over tokens can go on for ever
            raise ParseError("the text ends too early") from None
        self.position += 1
        return token

    def sees(self, *texts: str) -> bool:
        try:
            token = self.tokens[self.position]
        except IndexError:
            return False
        return token[1] in texts and token[0] in ("op", "cmd")

    def accept(self, *texts: str) -> bool:
        try:
            token = self.tokens[self.position]
        except IndexError:
            return False
        if token[1] in texts and token[0] in ("op", "cmd"):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise ParseError(f"expected {text!r}, found {self.peek().text!r}")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise TooLarge(f"nested more than {MAX_DEPTH} deep")
