"""Words and signs next to a value that make another value of it ("half of 12", "12 or more", "5 million", "8 squared")."""

from __future__ import annotations

import re

SCALES = r"hundreds?|thousands?|[mbtr]illions?|quadrillions?|dozens?|gross|lakhs?|crores?|scores?"
_QUANTITY = r"[$€£\\(]{0,2}[-−+]?(?:\d|\\frac|\\sqrt)"
_SCALE = re.compile(
    rf"(?:[ \t]?[-–]?[ \t]?(?:{SCALES}|mio|mrd|tsd|millionen|milliarden|mill(?:ion|ard)s?|mil(?:lones)?|тыс\w*|млн|млрд"
    r"|миллион\w*|миллиард\w*|тысяч\w*)(?![A-Za-z])|\s?(?:[百千万萬亿億만억천백](?![克米瓦卡赫])|백만|천만))",
    re.I,
)
_AFTER = re.compile(
    r"\s*(?:and (?:a|one|two|three)[ -](?:half|quarters?|thirds?)\b|and \d+/\d"
    r"|(?:raised )?to the (?:power|\w{2,10} power|\d)|raised to\b|squared\b|cubed\b|factorial\b"
    r"|(?:in|\(?base)\s(?:base|hex|octal|binary|\d)"
    rf"|(?:times|multiplied by|divided by|plus|minus|over|mod(?:ulo)?|choose|more than|less than|fewer than)\s{_QUANTITY}"
    rf"|(?:out of|of)\s(?:the |every )?{_QUANTITY}"
    rf"|(?:to|through|up to|until|bis|à|до)\s{_QUANTITY}|[~～→⇒]\s?{_QUANTITY}|[-–—]>\s?{_QUANTITY}"
    r"|or (?:more|less|fewer|greater|above|below|higher|lower|so|over|under|none|even|maybe|perhaps|possibly)\b"
    r"|and (?:up|above|over|under|below)\b|以上|以下|以内|이상|이하"
    rf"|(?:when|if)\s[^.;]{{1,60}}[,;]\s(?:and |or |but |otherwise |else )*{_QUANTITY})",
    re.I,
)
_NEXT_TO_IT = r"[\s:]*(?:the |a )?[\s$*(\\\[]*$"
_FACTOR = re.compile(
    r"\b(?:(?:half|a third|a quarter|one third|two thirds|a fifth|a tenth|\d+% |percent)(?: of)?"
    r"|twice|thrice|double|triple|(?:two|three|four|five|ten|\d+) times|(?:square|cube|cubic|fourth) ?root of"
    r"|squared?(?: of)?|cube of|(?:reciprocal|opposite|inverse|factorial|logarithm|log) of|negative|minus)"
    rf"{_NEXT_TO_IT}",
    re.I,
)
_BOUND = re.compile(
    r"(?:\b(?:at (?:least|most)|(?:not?|never) (?:less|more|fewer) than|(?:just |slightly )?(?:under|below|above)"
    r"|(?:more|less|fewer|greater|larger|smaller|bigger|higher|lower) than|up to|between"
    r"|mindestens|höchstens|au moins|au plus|al menos|a lo sumo|almeno|не менее|не более|больше|меньше|минимум)"
    r"|大于|小于|超过|不到|不少于|不多于|至少(?:有|是|为)?|至多(?:有|是|为)?|多于|少于|高于|低于|不超过)"
    rf"{_NEXT_TO_IT}",
    re.I,
)


def scale_behind(following: str) -> str:
    """The number word right behind a value ("5 million"), "" if there is none."""
    found = _SCALE.match(following)
    return found[0] if found else ""


def changed_after(following: str) -> bool:
    """Whether what follows a value changes it, other than a number word."""
    return _AFTER.match(following) is not None


def multiplied_before(before: str) -> bool:
    """Whether the words before a value compute with it ("half of", "square root of")."""
    return _FACTOR.search(before[-48:]) is not None


def changed_before(before: str) -> bool:
    """Whether the words before a value compute with it, or make a bound of it ("at least")."""
    return multiplied_before(before) or _BOUND.search(before[-48:]) is not None
