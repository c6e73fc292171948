"""Whole numbers in other writings than plain digits."""

from __future__ import annotations

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
MOST = 999


def in_words(number: int) -> str | None:
    """0 to 999 in English, without hyphens, which could be taken for a minus; `None` for others."""
    if not 0 <= number <= MOST:
        return None
    hundreds, rest = divmod(number, 100)
    words = [SMALL[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    if rest or not words:
        words.append(SMALL[rest])
    return " ".join(words)


def with_commas(digits: str) -> str:
    """Digits in groups of three: 1,200."""
    return f"{int(digits):,}"
