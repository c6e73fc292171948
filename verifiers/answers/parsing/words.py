"""The words of mathematics: functions, constants, units, number words, sets, and what may be ignored."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias


def listed(text: str) -> list[str]:
    """The words of a text: long lists read better this way."""
    return text.split()


Dimension: TypeAlias = tuple[tuple[str, int], ...]
Unit: TypeAlias = tuple[Fraction, Dimension]
"""Factor to the base unit, and powers of base units: centimetre is (1/100, (("m", 1),))."""

FUNCTIONS = {
    name: name
    for name in listed(
        "sin cos tan cot sec csc sinh cosh tanh coth exp ln log lg sqrt cbrt abs floor ceil gcd lcm min max det sgn"
        " Gamma arg Re Im asinh acosh atanh"
    )
} | {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "arcsec": "asec", "arccsc": "acsc",
    "asin": "asin", "acos": "acos", "atan": "atan", "acot": "acot", "arcsinh": "asinh", "arccosh": "acosh",
    "arctanh": "atanh", "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "tg": "tan", "ctg": "cot",
    "cosec": "csc", "sign": "sgn", "gamma": "Gamma", "ceiling": "ceil", "binom": "binom", "binomial": "binom",
    "factorial": "factorial", "arctg": "atan", "sh": "sinh", "ch": "cosh", "th": "tanh",
}  # fmt: skip
LATEX_ONLY = {"gamma", "Gamma", "Re", "Im", "arg", "det", "sh", "ch", "th", "tg", "lg"}
"""Functions only after a backslash (or not at all as a bare word): `gamma` in plain text is a letter."""

GREEK = set(
    listed(
        "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho varrho sigma"
        " tau upsilon phi varphi chi psi omega Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar"
    )
)
CONSTANTS = {"pi": "pi", "infty": "inf", "infinity": "inf", "inf": "inf", "oo": "inf", "Pi": "pi"}
NUMBER_SETS = {
    "real": "R", "reals": "R", "real numbers": "R", "all real numbers": "R", "all reals": "R", "all real": "R",
    "any real number": "R", "the real numbers": "R", "the set of all real numbers": "R", "all real values": "R",
    "no solution": "", "no solutions": "", "there is no solution": "", "there are no solutions": "",
    "integers": "Z", "all integers": "Z", "empty set": "", "the empty set": "",
}  # fmt: skip

_ONES = listed(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = listed("twenty thirty forty fifty sixty seventy eighty ninety")
_SMALL = {word: value for value, word in enumerate(_ONES)} | {word: 20 + 10 * k for k, word in enumerate(_TENS)}
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4, "fifth": 5,
    "fifths": 5, "sixth": 6, "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip


def spoken_number(words: str) -> Fraction | None:
    """ "twenty-one" is 21, "two thirds" is 2/3; `None` if it is not a number."""
    parts = words.lower().replace("-", " ").split()
    if not 0 < len(parts) <= 12:
        return None
    divisor = 1
    if parts[-1] in _PARTS and len(parts) > 1:
        divisor = _PARTS[parts.pop()]
    total, current, seen = 0, 0, False
    for word in parts:
        if word in _SMALL:
            current += _SMALL[word]
            seen = True
        elif word in SCALES and seen:
            current *= SCALES[word]
            if SCALES[word] > 100:
                total, current = total + current, 0
        elif word != "and" or not seen:
            return None
    return Fraction(total + current, divisor) if seen else None


def _metric() -> dict[str, Unit]:
    prefixes: dict[str, Fraction | int] = {
        "": 1,
        "k": 10**3,
        "c": Fraction(1, 100),
        "m": Fraction(1, 1000),
        "d": Fraction(1, 10),
        "M": 10**6,
    }
    prefixes |= {"μ": Fraction(1, 10**6), "n": Fraction(1, 10**9), "G": 10**9}
    spelled: dict[str, Fraction | int] = {"": 1, "kilo": 10**3, "centi": Fraction(1, 100), "milli": Fraction(1, 1000)}
    units: dict[str, Unit] = {}
    second, metre, gram = (("s", 1),), (("m", 1),), (("g", 1),)
    base: dict[str, tuple[Fraction, Dimension, tuple[str, ...]]] = {
        "m": (Fraction(1), metre, ("meter", "metre")),
        "g": (Fraction(1), gram, ("gram", "gramme")),
        "L": (Fraction(1, 1000), (("m", 3),), ("liter", "litre")),
        "l": (Fraction(1, 1000), (("m", 3),), ()),
        "s": (Fraction(1), second, ("second",)),
        "J": (Fraction(1000), (("g", 1), ("m", 2), ("s", -2)), ("joule",)),
        "N": (Fraction(1000), (("g", 1), ("m", 1), ("s", -2)), ("newton",)),
        "W": (Fraction(1000), (("g", 1), ("m", 2), ("s", -3)), ("watt",)),
        "Pa": (Fraction(1000), (("g", 1), ("m", -1), ("s", -2)), ("pascal",)),
        "Hz": (Fraction(1), (("s", -1),), ("hertz",)),
        "V": (Fraction(1), (("V", 1),), ("volt",)),
        "A": (Fraction(1), (("A", 1),), ("ampere", "amp")),
    }
    for symbol, (factor, dimension, names) in base.items():
        for prefix, size in prefixes.items():
            units[prefix + symbol] = (factor * size, dimension)
        for name in names:
            for prefix, size in spelled.items():
                units[prefix + name] = units[prefix + name + "s"] = (factor * size, dimension)
    return units


def _customary() -> dict[str, Unit]:
    inch = Fraction(254, 10000)
    table: list[tuple[str, Fraction | int, Dimension]] = [
        ("sec secs", 1, (("s", 1),)),
        ("min mins minute minutes", 60, (("s", 1),)),
        ("h hr hrs hour hours", 3600, (("s", 1),)),
        ("day days", 86400, (("s", 1),)),
        ("week weeks", 604800, (("s", 1),)),
        ("month months", 1, (("month", 1),)),
        ("yr yrs year years", 12, (("month", 1),)),
        ("in inch inches", inch, (("m", 1),)),
        ("ft foot feet", 12 * inch, (("m", 1),)),
        ("yd yds yard yards", 36 * inch, (("m", 1),)),
        ("mi mile miles", 63360 * inch, (("m", 1),)),
        ("mph", Fraction(63360 * inch, 3600), (("m", 1), ("s", -1))),
        ("kph", Fraction(1000, 3600), (("m", 1), ("s", -1))),
        ("lb lbs pound pounds", Fraction(45359237, 100000), (("g", 1),)),
        ("oz ounce ounces", Fraction(45359237, 1600000), (("g", 1),)),
        ("ton tons tonne tonnes", 10**6, (("g", 1),)),
        ("gallon gallons gal", 1, (("gallon", 1),)),
        ("dollar dollars usd USD buck bucks", 1, (("$", 1),)),
        ("cent cents", Fraction(1, 100), (("$", 1),)),
        ("euro euros eur EUR", 1, (("€", 1),)),
        ("yuan rmb RMB CNY", 1, (("¥", 1),)),
        ("yen JPY", 1, (("yen", 1),)),
        ("rupee rupees Rs", 1, (("rupee", 1),)),
        ("pence", Fraction(1, 100), (("£", 1),)),
        ("rad radian radians", 1, ()),
        ("°C", 1, (("°C", 1),)),
        ("°F", 1, (("°F", 1),)),
        ("celsius", 1, (("°C", 1),)),
        ("fahrenheit", 1, (("°F", 1),)),
        ("unit units", 1, ()),
        ("hectare hectares ha", 10**4, (("m", 2),)),
        ("cc", Fraction(1, 10**6), (("m", 3),)),
    ]
    return {name: (Fraction(size), dimension) for names, size, dimension in table for name in names.split()}


UNITS: dict[str, Unit] = _metric() | _customary()
CURRENCY: dict[str, Unit] = {sign: (Fraction(1), ((sign, 1),)) for sign in ("$", "€", "£", "¥")}
POWERS = {"square": 2, "sq": 2, "cubic": 3, "squared": 2, "cubed": 3}
