"""The words behind a value that may be its unit."""

from __future__ import annotations

import re

_UNIT = re.compile(r"\s?(?:\\?%|°|[A-Za-z°][A-Za-z²³^°]*\.?(?:/[A-Za-z]+[²³]?)?(?:\^?\{?[23]\}?)?)")
_NO_UNIT = re.compile(
    r"\s?(?:of|in|for|at|to|from|by|because|since|so|that|which|as|where|when|after|before|if|with|on|I|we|is|are"
    r"|was|and|or|but|has|have|left|now"
    r"|while|than|total|altogether|it|this|each|not|because|units?|respectively)(?![A-Za-z])",
    re.I,
)
_MEASURE = re.compile(
    r"\s?(?:(?:square|cubic|sq\.?|cu\.?)\s)?(?:(?:milli|centi|kilo|micro|nano)?(?:met(?:er|re)|gram|lit(?:er|re)|watt|joule|volt)s?"
    r"|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[mckdµμ]?m|[mk]?g|m?l|L|inch(?:es)?|feet|foot|ft"
    r"|yards?|miles?|mi|pounds?|lbs?|ounces?|oz|tons?|gallons?|quarts?|pints?|cups?|newtons?|km/h|kph|mph|m/s"
    r"|dollars?|cents?|euros?|pence|pounds|yen|yuan|rupees?|USD|EUR|GBP|°[CF]?|degrees?(?: (?:Celsius|Fahrenheit))?|radians?)"
    r"(?:[²³]|\^?\{?[23]\}?|\ssquared|\scubed)?(?:\s?(?:per|/)\s?(?:[A-Za-z]+[²³]?))?(?![\w'’])"
    r"(?:\s(?:to the )?(?:north|south|east|west)(?:east|west)?(?![\w]))?"
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
