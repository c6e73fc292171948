"""The words of mathematics: functions, constants, units, number words, sets, and what may be ignored."""

from __future__ import annotations

import re
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
ATTRIBUTES = set(
    listed(
        "even odd prime composite rational irrational positive negative maximum minimum max min local global true false"
        " increasing decreasing acute obtuse convex concave continuous finite infinite"
    )
)
"""What a word may say of a number or a point."""
SCALES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
SCALES |= {"quadrillion": 10**15, "lakh": 10**5, "crore": 10**7, "mio": 10**6, "mrd": 10**9, "tsd": 1000}
COUNTED_SCALES = {f"{word}s": size for word, size in SCALES.items()} | {"ten": 10, "tens": 10, "ones": 1}
"""After a number in digits: 8 tens, 3 hundreds."""
CHINESE_SCALES = {"百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
CHINESE_SCALES |= {"億": 10**8, "萬": 10**4, "만": 10**4, "억": 10**8, "천": 1000}
_ORDINALS = listed(
    "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
)
_PARTS = (
    {"half": 2, "halves": 2, "quarter": 4, "quarters": 4, "twentieth": 20, "hundredth": 100, "thousandth": 1000}
    | {"twentieths": 20, "hundredths": 100, "thousandths": 1000, "millionth": 10**6, "millionths": 10**6}
    | {name: value for value, name in enumerate(_ORDINALS, 3)}
    | {name + "s": value for value, name in enumerate(_ORDINALS, 3)}
)
PARTS = {name: value for name, value in _PARTS.items() if name.endswith("s") or name in ("half", "quarter")}
"""Words that divide the number before them: 5 hundredths; "5 hundredth" is a place in a row."""
VALUE_WORDS = set(PARTS) | set(
    listed(
        "squared cubed choose factorial plus minus times over divided multiplied power powers exponent root negative"
        " reciprocal inverse gross score hex hexadecimal octal binary ths"
        " doubled tripled half double twice triple base remainder"
    )
)
"""Words that change the value of a number: where they are not understood, the answer is not read."""


def spoken_number(words: str) -> Fraction | None:
    """ "twenty-one" is 21, "two thirds" is 2/3, "five and a half" is 11/2; `None` if it is not a number."""
    parts = words.lower().replace("-", " ").split()
    if not 0 < len(parts) <= 12:
        return None
    if parts[0] in ("negative", "minus") and len(parts) > 1:
        value = spoken_number(" ".join(parts[1:]))
        return None if value is None else -value
    if parts[-1] in _PARTS and len(parts) > 1:
        return _spoken_fraction(parts[:-1], _PARTS[parts[-1]])
    return Fraction(1, 2) if parts == ["half"] else _spoken_whole(parts)


_CHINESE_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_CHINESE_TENS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}


def chinese_number(text: str) -> Fraction | None:
    """十二 is 12, 三分之一 is 1/3, 两个 is 2; `None` if it is not a number."""
    bottom, part, top = text.removesuffix("个").partition("分之")
    if part:
        below, above = chinese_number(bottom), chinese_number(top)
        return above / below if above is not None and below else None
    total = current = 0
    for index, character in enumerate(bottom):
        if character in _CHINESE_DIGITS:
            if index and bottom[index - 1] in _CHINESE_DIGITS and bottom[index - 1] not in "零〇":
                return None
            current = _CHINESE_DIGITS[character]
        elif character not in _CHINESE_TENS:
            return None
        elif _CHINESE_TENS[character] >= 10**4:
            total, current = (total + current) * _CHINESE_TENS[character], 0
        else:
            total, current = total + (current or 1) * _CHINESE_TENS[character], 0
    return Fraction(total + current) if bottom else None


def _spoken_fraction(parts: list[str], divisor: int) -> Fraction | None:
    """ "five and a half": what comes before a part."""
    if "and" in parts:
        split = len(parts) - 1 - parts[::-1].index("and")
        whole, top = _spoken_whole(parts[:split]), _spoken_whole(parts[split + 1 :], article=True)
        if whole is not None and top is not None and top < divisor:
            return whole + top / divisor
    top = _spoken_whole(parts, article=True)
    return None if top is None else top / divisor


def _spoken_whole(parts: list[str], article: bool = False) -> Fraction | None:
    if parts and parts[-1] == "and":
        return None
    if parts and parts[0] in ("a", "an") and (parts[1] in SCALES if len(parts) > 1 else article):
        parts = ["one", *parts[1:]]
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
    return Fraction(total + current) if seen else None


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
        ("rupee rupees Rs INR", 1, (("rupee", 1),)),
        ("pence", Fraction(1, 100), (("£", 1),)),
        ("quid GBP", 1, (("£", 1),)),
        ("won KRW", 1, (("won", 1),)),
        ("ruble rubles rouble roubles RUB", 1, (("ruble", 1),)),
        ("peso pesos MXN PHP", 1, (("peso", 1),)),
        ("franc francs CHF", 1, (("franc", 1),)),
        ("reais BRL", 1, (("real", 1),)),
        ("baht THB", 1, (("baht", 1),)),
        ("CAD", 1, (("CAD", 1),)),
        ("AUD", 1, (("AUD", 1),)),
        ("HKD", 1, (("HKD", 1),)),
        ("SGD", 1, (("SGD", 1),)),
        ("rad radian radians", 1, ()),
        ("°C", 1, (("°C", 1),)),
        ("°F", 1, (("°F", 1),)),
        ("celsius", 1, (("°C", 1),)),
        ("fahrenheit", 1, (("°F", 1),)),
        ("unit units", 1, ()),
        ("hectare hectares ha", 10**4, (("m", 2),)),
        ("MB", 10**6, (("B", 1),)),
        ("GB", 10**9, (("B", 1),)),
        ("TB", 10**12, (("B", 1),)),
        ("ohm ohms Omega Ω", 1, (("ohm", 1),)),
        ("kWh", 3_600_000_000, (("g", 1), ("m", 2), ("s", -2))),
        ("mole moles mol", 1, (("mol", 1),)),
        ("jiao", Fraction(1, 10), (("¥", 1),)),
        ("li", 500, (("m", 1),)),
        ("cc", Fraction(1, 10**6), (("m", 3),)),
    ]
    return {name: (Fraction(size), dimension) for names, size, dimension in table for name in names.split()}


def _chinese(known: dict[str, Unit]) -> dict[str, Unit]:
    """Chinese words for units that are known by another name; other words after a number are comments."""
    names = listed(
        "米=m 厘米=cm 毫米=mm 千米=km 公里=km 克=g 千克=kg 公斤=kg 毫克=mg 吨=ton 升=L 毫升=mL 秒=s 秒钟=s 分钟=min"
        " 小时=h"
        " 天=day 周=week 星期=week 个月=month 年=year 元=yuan 人民币=yuan 块=yuan 块钱=yuan 美元=dollar 美分=cent"
        " 欧元=euro 角=jiao 里=li"
        " 英镑=GBP 日元=yen 円=yen 英里=mile 英尺=ft 英寸=inch 磅=lb 公顷=ha 時間=h"
        " 时=h 分=min メートル=m グラム=g キロ=kg"
    )
    units = {name: known[other] for name, other in (pair.split("=") for pair in names)}
    for name, power in (("平方", 2), ("立方", 3)):
        for length in ("米", "厘米", "毫米", "千米", "英尺"):
            factor, _ = units[length]
            units[name + length] = (factor**power, (("m", power),))
    return units


UNITS: dict[str, Unit] = _metric() | _customary()
UNITS |= _chinese(UNITS)
CURRENCY: dict[str, Unit] = {sign: (Fraction(1), ((sign, 1),)) for sign in ("$", "€", "£", "¥")} | {
    "₹": UNITS["rupee"], "₩": UNITS["won"], "₽": UNITS["ruble"], "₱": UNITS["peso"], "฿": UNITS["baht"],
    "¢": UNITS["cent"],
}  # fmt: skip
CURRENCY_CODES = {
    "USD", "EUR", "GBP", "CNY", "RMB", "JPY", "INR", "KRW", "RUB", "MXN", "PHP", "CHF", "BRL", "THB", "CAD",
    "AUD", "HKD", "SGD",
}  # fmt: skip
"""Codes that may stand before a number, as "USD 5" does; "Rs" may as well."""
DIRECTIONS = {
    "north": "north", "northward": "north", "northwards": "north", "south": "south", "southward": "south",
    "southwards": "south", "east": "east", "eastward": "east", "west": "west", "westward": "west",
    "northeast": "northeast", "northwest": "northwest", "southeast": "southeast", "southwest": "southwest",
    "profit": "gain", "gain": "gain", "gained": "gain", "loss": "loss", "lost": "loss", "lose": "loss", "up": "up",
    "upward": "up", "upwards": "up", "down": "down", "downward": "down", "downwards": "down", "left": "left",
    "leftward": "left", "right": "right", "rightward": "right", "increase": "increase", "increased": "increase",
    "decrease": "decrease", "decreased": "decrease", "rise": "increase", "fall": "decrease", "above": "above",
    "below": "below", "before": "before", "after": "after", "ago": "before", "later": "after", "early": "before",
    "earlier": "before", "late": "after", "clockwise": "clockwise", "counterclockwise": "counterclockwise",
    "anticlockwise": "counterclockwise", "deposit": "deposit", "withdrawal": "withdrawal", "more": "more",
    "less": "less",
    "fewer": "less", "faster": "faster", "slower": "slower", "older": "older", "younger": "younger", "taller": "taller",
    "shorter": "shorter", "heavier": "heavier", "lighter": "lighter", "bc": "bc", "bce": "bc", "ad": "ad", "ce": "ad",
    "forward": "forward", "forwards": "forward", "backward": "backward", "backwards": "backward", "ahead": "ahead",
    "behind": "behind", "inward": "inward", "outward": "outward", "debit": "debit", "credit": "credit", "won": "gain",
    "surplus": "surplus", "deficit": "deficit", "warmer": "warmer", "colder": "colder",
}  # fmt: skip
"""Words in a comment that may not differ, and what each says: 5 miles north is not 5 miles south."""
POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3, "squared": 2, "cubed": 3}
_PIECE = re.compile(r"\^\s*\{?\s*(-?\d)\s*\}?|([*/])|([^\W\d_]+|°[CF]|[$€£¥₹₩₽₱฿¢])")


def read_unit(words: str) -> Unit | None:
    """Factor and dimension, or `None` for words that are not a unit ("apples")."""
    factor, powers = Fraction(1), dict[str, int]()
    sign, pending = 1, 1
    last: Unit | None = None
    for piece in _PIECE.finditer(words.replace("per ", "/ ").replace("每", "/").replace(".", "")):
        exponent, operator, word = piece.groups()
        if exponent:
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * (int(exponent) - 1))
        elif operator:
            sign = -1 if operator == "/" else sign
        elif word in POWERS and word.endswith("ed"):
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * (POWERS[word] - 1))
        elif word in POWERS:
            pending = POWERS[word]
        else:
            last = UNITS.get(word) or UNITS.get(word.lower()) or CURRENCY.get(word)
            if last is None:
                return None
            factor, powers = _times(factor, powers, last, sign * pending)
            pending = 1
    dimension = tuple(sorted((base, power) for base, power in powers.items() if power))
    return None if last is None else (factor, dimension)


def _times(factor: Fraction, powers: dict[str, int], unit: Unit, power: int) -> tuple[Fraction, dict[str, int]]:
    merged = dict(powers)
    for base, exponent in unit[1]:
        merged[base] = merged.get(base, 0) + exponent * power
    return factor * unit[0] ** power, merged
