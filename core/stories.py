"""Small word problems in a fixed form: how to write one, and how to read the sum that it tells.

    Ann has 3 boxes with 4 apples in each. She buys 9 more apples. Then she loses 2 apples. How many apples does Ann
    have now?                                                                                  3*4+9-2

    story    = start event* "How many" things "does" name "have now?"
    start    = name "has" number things "."  |  name "has" number containers "with" number things "in each."
    event    = ["Then"] who verb ["away"] number ["more"] ["of them" | things] "."       who: the name, or he, she, they

What happens is told by the verb: some add, some take away; with any other a text cannot be read. Nor can one whose
things change their name under way, or that takes away more than there is.
"""

from __future__ import annotations

import re

GAINS = ("buys", "finds", "gets", "wins", "collects", "picks")
LOSSES = ("loses", "sells", "uses", "eats", "drops", "gives away")
LONGEST = 400
"""Characters of a story that is read."""

_START = re.compile(
    r"(?P<name>[A-Z][a-z]{1,20}) has (?P<first>\d{1,12})(?: [a-z]{1,20} with (?P<each>\d{1,12}))? "
    r"(?P<things>[a-z]{1,20})(?P<boxed> in each)?\."
)
_EVENT = re.compile(
    r"\s(?:Then )?(?P<who>[A-Za-z][a-z]{1,20}) (?P<verb>[a-z]{1,20}(?: away)?) (?P<number>\d{1,12})(?P<more> more)?"
    r"(?: of them| (?P<things>[a-z]{1,20}))?\."
)
_END = re.compile(r"\sHow many (?P<things>[a-z]{1,20}) does (?P<name>[A-Z][a-z]{1,20}) have(?: now| left)?\?")
_PRONOUNS = ("he", "she", "they")


def story_sum(text: str) -> str | None:
    """What a story tells as an expression, `3*4+9-2`; `None` for any other text."""
    start = _START.match(text) if len(text) <= LONGEST else None
    if start is None or bool(start["each"]) != bool(start["boxed"]):
        return None
    total = int(start["first"]) * int(start["each"] or 1)
    written, at = start["first"] + (f"*{start['each']}" if start["each"] else ""), start.end()
    while event := _EVENT.match(text, at):
        sign = _sign(event["verb"])
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


def _sign(verb: str) -> int | None:
    return 1 if verb in GAINS else -1 if verb in LOSSES else None
