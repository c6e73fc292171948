"""An answer as written, to plain ASCII: Unicode variants, double escapes, boxes, dollar signs, grouped digits."""

from __future__ import annotations

import re
import unicodedata

from ..limits import MAX_LENGTH, TooLarge

SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUBSCRIPT = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋ₙ", "0123456789+-n")
CHARACTERS = str.maketrans(
    {
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "⋅": "*", "·": "*", "∙": "*", "•": "*", "∗": "*",
        "÷": "/", "⁄": "/", "∕": "/", "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "≈": " \\approx ",
        "∞": " \\infty ",
        "π": " \\pi ", "√": " \\sqrt ", "°": "^\\circ ", "º": "^\\circ ", "∪": " \\cup ", "∩": " \\cap ", "∈": " \\in ",
        "∅": " \\emptyset ", "Ø": " \\emptyset ", "±": " \\pm ", "∓": " \\mp ", "′": "'", "’": "'", "″": "''", "“": '"',
        "”": '"', "⟨": " \\langle ", "⟩": " \\rangle ", "〈": " \\langle ", "〉": " \\rangle ", "ℝ": " \\mathbb{R} ",
        "ℤ": " \\mathbb{Z} ", "ℕ": " \\mathbb{N} ", "ℚ": " \\mathbb{Q} ", "ℂ": " \\mathbb{C} ", "⌊": " \\lfloor ",
        "⌋": " \\rfloor ", "⌈": " \\lceil ", "⌉": " \\rceil ", "∖": " \\setminus ", "…": "...", "⋯": "...",
        "≡": " \\equiv ",
        "∠": " \\angle ", "∑": " \\sum ", "∏": " \\prod ", "∫": " \\int ", "，": ",", "；": ";", "：": ":", "（": "(",
        "∶": ":",
        "）": ")", "￥": "¥", "∨": " or ", "∧": " and ", "→": " \\to ", "\u00a0": " ", "\u200b": "", "\u2009": " ",
        "\u202f": " ", "ı": "i", "∣": "|", "％": "%", "。": ".", "、": ",", "．": ".",
        "∼": " \\sim ", "≃": " \\approx ", "≅": " \\cong ", "≒": " \\approx ", "△": " \\triangle ", "∀": " \\forall ",
        "∃": " \\exists ",
        "⟂": " \\perp ", "∥": " \\parallel ", "⊥": " \\perp ", "µ": "μ", "⊂": " \\subset ", "⊆": " \\subseteq ",
    }
)  # fmt: skip
_VULGAR = re.compile("[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_GREEK_LETTERS = {
    chr(code): unicodedata.name(chr(code)).rsplit(" ", 1)[-1].lower() for code in range(0x3B1, 0x3CA) if code != 0x3C2
}
_DOUBLED = re.compile(
    r"\\\\(?=(?:[dt]?frac|left|right|text|boxed|sqrt|le|ge|leq|geq|lt|gt|cdot|times|pi|infty|cup|cap|pm|in|begin|end"
    r"|mathrm|mathbf|neq?|circ|angle|theta|alpha|beta)(?![A-Za-z]))"
)
_BOX = re.compile(r"\\(?:boxed|fbox)\b")
_BLANKS = re.compile(r"\s{3,}")
_SPACES_IN_FRONT = re.compile(r"(?:\\[,;:! ]|\\q?quad\b|[\s~])+")
_SPACE_AT_END = re.compile(r"(?:(?<!\\)\\[,;:! ]|\\q?quad|[\s~])$")
_GROUP_TEX = re.compile(
    r"(?<=\d)(?:,\s?\\!\s*|\\!,\s*|\s?\{\s*,\s*\}\s*(?:\\!\s*)?|\\[,:;]|(?<![,.]\d)\\ )(?=\d{3}(?!\d))"
)
_GROUP_COMMA = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d])(?!,\d)")
_GROUP_SPACE = re.compile(r"(?<![\d.,/^_])\d{1,3}(?: \d{3})+(?![\d/])(?! \d)")


def clean(text: str) -> str:
    """Undo double escapes, Unicode variants, boxes, dollar signs, digit grouping and closing punctuation."""
    if len(text) > MAX_LENGTH:
        raise TooLarge(f"longer than {MAX_LENGTH} characters")
    if not text.isascii():
        text = _to_ascii(text)
    text = _BLANKS.sub("  ", text)
    text = text[found.end() :] if (found := _SPACES_IN_FRONT.match(text)) else text
    while found := _SPACE_AT_END.search(text, max(0, len(text) - 8)):
        text = text[: found.start()]
    if "US" in text or "U.S." in text:
        text = _SIGNED_DOLLAR.sub("", text)
    if "\\" in text:
        if "\\\\" in text and "\\begin" not in text:
            text = _DOUBLED.sub(r"\\", text)
        if "boxed" in text or "fbox" in text:
            text = _without_braces(_BOX.sub("", text)) if _BOX.match(text) else _BOX.sub("", text)
        if "$" in text:
            text = re.sub(r"\\\$", "\x00", text).replace("$", " ").replace("\x00", "\\$")
        if "\\(" in text or "\\[" in text:
            text = re.sub(r"(?<!\\)\\[()\[\]]", " ", text)
    elif "$" in text:
        text = re.sub(r"^\s*(-?)\$(?=\s?[\d.])(?=[^$]*$)", r"\1\\$", text).replace("\\$", "\x00").replace("$", " ")
        text = text.replace("\x00", "\\$")
    if "\\" in text or "{" in text:
        text = _GROUP_TEX.sub("", text)
        text = re.sub(r"\{([,:;])\}", r"\1", text)
        if text.startswith("{") and text.count("{") > text.count("}"):
            text = text[1:]  # a box that was cut off
        if "," not in text:  # {1, 2} is a set
            text = _without_braces(text.strip())
        text = _STYLE.sub("", text)
    text = _respelled(_introduced(text.strip()))
    while text and (text[-1] in ".,;:" or text.endswith("\\")) and not text.endswith("..."):
        text = text[:-1].rstrip()
    return text.strip()


_INTRODUCTION = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|and|we (?:get|have)|which is)\b[,:]?\s*|(?:=|\\(?:approx|sim|simeq)\b|~)\s*)+",
    re.I,
)
_MARK = re.compile(r"(?:^|(?<=[;,}])|(?<=\s)(?<![-+*/=<>^(]\s))\(?([a-e]|[1-9])\)\s*(?=[^\s,;)])")
_MATRIX_CALL = re.compile(r"[Mm]atrix\((.*)\)", re.S)


def _introduced(text: str) -> str:
    """The text without "therefore" or "=" in front, without the marks of "a) 5, b) 6", and <1, 2> with its brackets."""
    found = _INTRODUCTION.match(text)
    if found and found.end() < len(text):
        text = text[found.end() :]
    marks = _MARK.findall(text)
    if len(marks) > 1 and marks in (list("abcde")[: len(marks)], list("123456789")[: len(marks)]):
        text = "(" + re.sub(r"(?:[;,]\s*)+", ", ", _MARK.sub(", ", text).lstrip(", ")) + ")"  # in their order
    if text.startswith("<") and text.endswith(">") and "," in text:
        text = f"\\langle {text[1:-1]} \\rangle"
    called = _MATRIX_CALL.fullmatch(text)
    return called[1] if called else text


_STYLE = re.compile(r"^\\(?:display|text|script)style(?![A-Za-z])\s*")
_QUOTED = re.compile(r"""(?<![\w)}'"])(["'])([^"'\n]{1,60})\1(?![\w'"])""")
_HALF_DAY = re.compile(r"(?<![A-Za-z])([AaPp])\.\s?[Mm]\b\.?")
_FEET = re.compile(r"""(\d+)\s*'\s*(\d+(?:\.\d+)?)\s*(?:"|'')""")
_HOURS = re.compile(r"(\d+)\s*h\s*(\d+)\s*(?:m|min)\s*(?:(\d+)\s*s)?")
_AND_PART = re.compile(
    r"(\d+)\s+and\s+(?:(an?|one|two|three|\d+)\s+)?(half|thirds?|quarters?|(?:fif|six|eigh|ten)ths?)\b"
)
_TOP = {"two": 2, "three": 3}
_BOTTOM = {"ha": 2, "th": 3, "qu": 4, "fi": 5, "si": 6, "ei": 8, "te": 10}
_POWER = re.compile(r"\bto the power(?: of)?\b|\braised to(?: the)?\b")
_ORDINAL = re.compile(
    r"(\d)\s?(?:\^\s?)?\{?(?:\\(?:text|mathrm|textrm)\s?\{)?\s?(st|nd|rd|th)(?![A-Za-z])\s?\}{0,2}(?![A-Za-z])"
)
_GLUED_POWER = re.compile(r"(\d\s*(?:[cmkd]?m|ft|in))([23])$")
_PARTS_OF = re.compile(r"(/\s*\d{1,3})\s?ths\b")
_CHOSEN = re.compile(
    r"(?:\{\}\s*)?[_^]?\{?(\d+)\}?\s*C\s*_?\{?(\d+)\}?|(?:C|\\mathrm\s*\{C\})_\{?(\d+)\}?\^\{?(\d+)\}?|C\((\d+),\s*(\d+)\)"
)
_SIGNED_DOLLAR = re.compile(r"\b(?:US|U\.S\.)\s?(?=\\?\$)")
_TIMES = re.compile(r"(?<=\d)\s+[xX]\s+(?=\d)|(?<=\d)[xX](?=10\^)")
_MEASURED_ANGLE = re.compile(r"\bm\s*\\angle\b")


def _respelled(text: str) -> str:
    """Spellings that are known only as a whole: quotes around items, a.m., feet and inches, hours and minutes."""
    if '"' in text or "'" in text:
        feet = _FEET.fullmatch(text)
        if feet:
            return f"{feet[1]} feet {feet[2]} inches"
        text = _QUOTED.sub(r"\2", text)
        text = re.sub(r"\bo'clock\b", "oclock", text)
    if "." in text:
        text = re.sub(r"\bRs\.\s*(?=\d)", "Rs ", text)
        text = _HALF_DAY.sub(lambda found: found[1].lower() + "m", text)
        text = re.sub(r"\b([Ss]q|[Cc]u)\.\s", r"\1 ", text)
    if "h" in text:
        hours = _HOURS.fullmatch(text)
        if hours:
            seconds = f" {hours[3]} seconds" if hours[3] else ""
            return f"{hours[1]} hours {hours[2]} minutes{seconds}"
    if " and " in text:
        text = _AND_PART.sub(lambda m: f"{m[1]} {_numeral(m[2])}/{_BOTTOM[m[3][:2]]}", text)
    if text[-1:] in ("2", "3"):
        text = _GLUED_POWER.sub(r"\1^\2", text)
    if " to the " in text or "raised" in text:
        text = _POWER.sub("^", text)
    if any(ending in text for ending in ("st", "nd", "rd", "th")):
        text = _PARTS_OF.sub(r"\1", text)
        text = _ORDINAL.sub(r"\1\\text{ place}", text)
    if "C" in text:
        chosen = _CHOSEN.fullmatch(text)
        text = "\\binom" + "".join(f"{{{part}}}" for part in chosen.groups() if part) if chosen else text
    if "x" in text or "X" in text:
        text = _TIMES.sub(" * ", text)
    return _MEASURED_ANGLE.sub(r"\\angle", text) if "\\angle" in text else text


def _numeral(word: str | None) -> int:
    return int(word) if word and word.isdigit() else _TOP.get(word or "", 1)


def _without_braces(text: str) -> str:
    """The inside of braces that enclose all of a text."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    depth = 0
    for index, sign in enumerate(text):
        depth += (sign == "{") - (sign == "}")
        if depth == 0:
            return text[1:-1].strip() if index == len(text) - 1 else text
    return text


def group_digits(text: str) -> str:
    """ "1,234,567" and "1 234 567" to "1234567"."""
    if "," in text:
        text = _GROUP_COMMA.sub(lambda found: found[0].replace(",", ""), text)
    if " " in text:
        text = _GROUP_SPACE.sub(lambda found: found[0].replace(" ", ""), text)
    return text


def _to_ascii(text: str) -> str:
    text = _VULGAR.sub(lambda found: " " + unicodedata.normalize("NFKC", found[0]).replace("⁄", "/") + " ", text)
    text = re.sub(r"√\s*\(([^()]{1,60})\)", r"\\sqrt{\1}", text)
    text = re.sub(r"√\s*(\d+(?:\.\d+)?|\w)", r"\\sqrt{\1}", text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+", lambda found: "^{" + found[0].translate(SUPERSCRIPT) + "}", text)
    text = re.sub("[₀₁₂₃₄₅₆₇₈₉₊₋ₙ]+", lambda found: "_{" + found[0].translate(_SUBSCRIPT) + "}", text)
    text = text.translate(CHARACTERS)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(f" \\{_GREEK_LETTERS[c]} " if c in _GREEK_LETTERS else c for c in text)
    return text
