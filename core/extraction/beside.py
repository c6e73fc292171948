"""The words and signs next to a value: its unit, its number word, and what makes another value of it ("half of 12")."""

from __future__ import annotations

import re

_UNIT = re.compile(r"\s?(?:\\?%|°|[A-Za-z°][A-Za-z²³^°]*\.?(?:/[A-Za-z]+[²³]?)?(?:\^?\{?[23]\}?)?)")
_NO_UNIT = re.compile(
    r"\s?(?:of|in|for|at|to|from|by|because|since|so|that|which|as|where|when|after|before|if|with|on|I|we|is|are"
    r"|was|and|or|but|has|have|left|now|given|due"
    r"|while|than|total|altogether|it|this|each|not|because|units?|respectively)(?![A-Za-z])",
    re.I,
)
_MEASURE = re.compile(
    r"\s?(?:(?:square|cubic|sq\.?|cu\.?)\s)?(?:(?:milli|centi|kilo|micro|nano)?(?:met(?:er|re)|gram|lit(?:er|re)"
    r"|watt|joule|volt)s?"
    r"|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[mckdµμ]?m|[mk]?g|m?l|L|inch(?:es)?"
    r"|feet|foot|ft"
    r"|yards?|miles?|mi|pounds?|lbs?|ounces?|oz|tons?|gallons?|quarts?|pints?|cups?|newtons?|km/h|kph|mph|m/s"
    r"|dollars?|cents?|euros?|pence|pounds|yen|yuan|rupees?|USD|EUR|GBP|°[CF]?|degrees?(?: (?:Celsius"
    r"|Fahrenheit))?|radians?)"
    r"(?:[²³]|\^?\{?[23]\}?|\ssquared|\scubed)?(?:\s?(?:per|/)\s?(?:[A-Za-z]+[²³]?))?(?![\w'’])"
    r"(?:\s(?:north|south|east|west)(?:east|west)?(?![\w]))?"
    r"|\s?[ap]\.?\s?m(?![A-Za-z])|\s?(?:\\?%|percent\b)|\s?(?:north|south|east|west)(?![\w])",
    re.I,
)


def measure_behind(following: str) -> str:
    """The unit of measure, currency, half of the day or direction right behind a value in prose; "" for other words."""
    found = _MEASURE.match(following)
    return found[0] if found else ""


def unit_behind(following: str) -> str:
    """The words right behind a value that may be its unit; "" if they go on as a sentence."""
    words, at = "", 0
    for _ in range(4):
        if _NO_UNIT.match(following, at):
            break
        unit = _UNIT.match(following, at)
        if unit is None:
            break
        words, at = words + unit[0], unit.end()
    return words.rstrip(".") if len(words) <= 40 else ""


_SCALES = r"hundreds?|thousands?|(?:m|b|tr|quadr)illions?|dozens?|gross|lakhs?|crores?|scores?"
_QUANTITY = r"[$€£\\(]{0,2}[-−+]?(?:\d|\\frac|\\sqrt)"
_SCALE = re.compile(
    rf"(?:[ \t]?[-–]?[ \t]?(?:{_SCALES}|mio|mrd|tsd|millionen|milliarden|milliards?|mil(?:lones)?|тыс\w*"
    rf"|млн|млрд"
    r"|миллион\w*|миллиард\w*|тысяч\w*)(?![A-Za-z])|\s?(?:백만|천만|[百千万萬亿億만억천백](?![克米瓦卡赫])))",
    re.I,
)
_AFTER = re.compile(
    r"\s*(?:and (?:a|one|two|three)[ -](?:half|quarters?|thirds?)\b|and \d+/\d"
    r"|(?:raised )?to the (?:power|\w{2,10} power|\d)|raised to\b|squared\b|cubed\b|factorial\b"
    r"|(?:in|\(?base)\s(?:base|hex|octal|binary|\d)"
    rf"|(?:times|multiplied by|divided by|plus|minus|over|mod(?:ulo)?|choose|more than|less than"
    rf"|fewer than)\s{_QUANTITY}"
    rf"|(?:out of|of)\s(?:the |every )?{_QUANTITY}"
    rf"|(?:to|through|up to|until|bis|à|до)\s{_QUANTITY}|[~～→⇒]\s?{_QUANTITY}|[-–—]>\s?{_QUANTITY}"
    r"|or (?:more|less|fewer|greater|above|below|higher|lower|so|over|under|none|even|maybe|perhaps|possibly)\b"
    r"|and (?:up|above|over|under|below)\b|以上|以下|以内|이상|이하"
    rf"|(?:when|if)\s[^.;]{{1,60}}[,;]\s(?:and |or |but |otherwise |else )*{_QUANTITY})",
    re.I,
)
_NEXT_TO_IT = r"[\s:]*(?:the |a )?[\s$*(\\\[]*$"
_FACTOR = re.compile(
    r"\b(?:(?:half|a third|a quarter|one third|two thirds|a fifth|a tenth)(?: of)?|(?:\d+\s?\\?%|percent) of"
    r"|twice|thrice|double|triple|(?:two|three|four|five|ten|\d+) times|(?:square|cube|cubic|fourth) ?root of"
    r"|squared?(?: of)?|cube of|(?:reciprocal|opposite|inverse|factorial|logarithm|log) of|negative|minus)"
    rf"{_NEXT_TO_IT}",
    re.I,
)
_BOUND = re.compile(
    r"(?:\b(?:at (?:least|most)|(?:not?|never) (?:less|more|fewer) than|(?:just |slightly )?(?:under|below|above)"
    r"|(?:more|less|fewer|greater|larger|smaller|bigger|higher|lower) than|up to"
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
