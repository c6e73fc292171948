"""Questions of the small language in other notation: `$3+7\\times 3$` asks what "What is 3+7*3?" asks.

For telling questions apart, and for nothing else: a text that is folded here is neither asked nor answered in this
form. What cannot be read even so stays what it is.
"""

from __future__ import annotations

import re

from .math_language import Reading, key, read

LONGEST = 1_000
"""Characters of a text that is folded."""
_SIGNS = str.maketrans(
    {**dict.fromkeys("×✕✖⋅·∙∗", "*"), **dict.fromkeys("÷∕⁄", "/"), **dict.fromkeys("−–—‒", "-"), "$": " ", "~": " "}
    | {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width
    | dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
)
_COMMANDS = (
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])"), "*"),
    (re.compile(r"\\div(?![A-Za-z])"), "/"),
    (re.compile(r"\\(?:left|right|displaystyle)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:quad(?![A-Za-z])|[()\[\],;:! ])"), " "),
)
_REQUEST = re.compile(
    r"(?:please )?(?:(?:show|explain|justify) (?:me )?(?:all )?(?:your|the|each|every) "
    r"(?:work(?:ing)?|steps?|reasoning|answer|solution)|(?:think|go|work) step by step)\s*[.!]*$",
    re.I,
)
_CLOSING = re.compile(r"[\s=]*[?.!][\s?.!]*$|\s*=\s*$")
_BARE = re.compile(r"[-+*/()0-9\s]+")


def identity_of_text(text: str) -> str:
    """What identifies a question whatever its wording and notation: see `math_language.key`."""
    reading = read(text) or _read_folded(text)
    return key(text) if reading is None else _without_outer_brackets(reading.key)


def _read_folded(text: str) -> Reading | None:
    if len(text) > LONGEST:
        return None
    text = text.translate(_SIGNS)
    for command, sign in _COMMANDS:
        text = command.sub(sign, text)
    text = _REQUEST.sub("", " ".join(text.split())).strip()
    text = re.sub(r"^please ", "", _CLOSING.sub("", text), flags=re.I)
    while text.startswith("(") and text.endswith(")") and not _BARE.fullmatch(text) and _encloses(text):
        text = text[1:-1].strip()
    return read(f"What is {text}?" if _BARE.fullmatch(text) else f"{text}?")


def _without_outer_brackets(found: str) -> str:
    kind, _, parts = found.partition(":")
    kept = []
    for part in parts.split("|"):
        while part.startswith("(") and _encloses(part):
            part = part[1:-1]
        kept.append(part)
    return f"{kind}:{'|'.join(kept)}"


def _encloses(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return place == len(text) - 1
    return False
