"""Small word problems in a fixed form: how they are written, and how the sum is read that they ask for.

    Ann has 3 boxes with 4 apples in each. She buys 9 more apples. Then she loses 2 apples. How many apples does Ann
    have now?                                                                                  3*4+9-2

    problem  = start event* "How many" things "does" name "have now?"
    start    = name "has" number things "."  |  name "has" number containers "with" number things "in each."
    event    = ["Then" | "Later" | "Finally"] who verb ["away"] number ["more"] ["of them" | things] [where] "."
    who      = the name, "he", "she" or "they"
    where    = ("to" | "from" | "at" | "in") (a name | ("a" | "the" | "his" | "her" | "their") one word)

The verb says what happens: some add, some take away; with any other a text cannot be read. Nor can one whose
things change their name under way, that takes away more than there is, that gains something "to" somebody, or that
says more than this of where: "in each of four shops" is another sum.
"""

from __future__ import annotations

import re

GAINS = ("buys", "finds", "gets", "wins", "collects", "picks")
LOSSES = ("loses", "sells", "uses", "eats", "drops", "gives away")
"""Verbs that the generator writes; these are read as well:"""
MORE_GAINS = ("adds", "bakes", "borrows", "catches", "earns", "gains", "grows", "makes", "receives")
MORE_LOSSES = ("breaks", "burns", "donates", "drinks", "gives", "shares", "spends", "throws away", "trades")
LONGEST = 200
"""Characters of a text that is read."""

_START = re.compile(
    r"(?P<name>[A-Z][a-z]{1,20}) has (?P<first>[0-9]{1,12})(?: [a-z]{1,20} with (?P<each>[0-9]{1,12}))? "
    r"(?P<things>[a-z]{1,20})(?P<boxed> in each)?\."
)
_EVENT = re.compile(
    r"\s(?:(?:Then|Later|Finally),? )?(?P<who>[A-Za-z][a-z]{1,20}) (?P<verb>[a-z]{1,20}(?: away)?) "
    r"(?P<number>[0-9]{1,12})(?P<more> more)?(?: of them| (?P<things>[a-z]{1,20}))??"
    r"(?: (?P<where>to|from|at|in) (?:[A-Z][a-z]{1,20}|(?:an?|the|his|her|their) [a-z]{1,20}))?\."
)
_END = re.compile(r"\sHow many (?P<things>[a-z]{1,20}) does (?P<name>[A-Z][a-z]{1,20}) have(?: now| left)?\?")
_PRONOUNS = ("he", "she", "they")


def sum_of(text: str) -> str | None:
    """What a word problem asks for as an expression, `3*4+9-2`; `None` for any other text."""
    start = _START.match(text) if len(text) <= LONGEST else None
    if start is None or bool(start["each"]) != bool(start["boxed"]):
        return None
    total = int(start["first"]) * int(start["each"] or 1)
    written, at = start["first"] + (f"*{start['each']}" if start["each"] else ""), start.end()
    while event := _EVENT.match(text, at):
        sign = _sign(event["verb"], event["where"])
        known = event["who"] == start["name"] or event["who"].lower() in _PRONOUNS
        total += int(event["number"]) * (sign or 0)
        if sign is None or not known or total < 0 or event["things"] not in (None, start["things"]):
            return None
        if event["more"] and sign < 0:
            return None
        written, at = f"{written}{'+' if sign > 0 else '-'}{event['number']}", event.end()
    end = _END.fullmatch(text, at)
    fits = end is not None and end["things"] == start["things"] and end["name"] == start["name"]
    return written if fits and at > start.end() - 1 and ("*" in written or at > start.end()) else None


def _sign(verb: str, where: str | None) -> int | None:
    """Whether a verb adds (1) or takes away (-1); `None` for others, and where the place makes it doubtful."""
    if verb in (*GAINS, *MORE_GAINS):
        return None if where == "to" else 1
    if verb == "takes":
        return 1 if where == "from" else None
    return -1 if verb in (*LOSSES, *MORE_LOSSES) else None
