"""A text as plain words: one spelling for characters that look alike, so that a rule needs a word only once.

Characters are folded one by one: compatibility forms (full width, superscripts), capitals, accents, invisible
characters, letters of other scripts that look like Latin ones. So folding is linear in the length of the text, which
normalising it as a whole is not: long runs of combining marks are sorted there. Entities ("&#112;") and LaTeX's fonts
are undone before; no pattern that is searched for can backtrack, and no number of more digits than a character's is
read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from html import unescape
from itertools import groupby, pairwise

STOP = "."
"""Stands for the end of a sentence among the words."""
_STOPS = frozenset(".!?;。！？؟।")
_JOINED = frozenset("'’‘`´")
"""What stands inside a word, and is left out: "don't" is `dont`."""
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_FRAMED = "".join(chr(first + i) for first in (0x1F150, 0x1F170, 0x1F1E6) for i in range(26))
_ALIKE = dict(
    zip(
        "аеорсухіјѕһԁԛԝкмтвнгьαορνικτυχεβηζ" + "օսհոյցզքաեգլվրտսոճ" + "ɡɑɩʏʙɢɪʟɴʀʜ" + "ᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜰꜱ" + _FRAMED,
        "aeopcyxijshdqwkmtbhrbaopviktuxebnz" + "ouhnjgqpaegluptuna" + "gaiybgilnrh" + "acdejkmoptuvwzfs" + 3 * _LATIN,
        strict=True,
    )
)
"""Letters of other scripts, small capitals and letters in circles, squares and flags, and the Latin ones they are
mistaken for."""
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
"""Letters of Hangul that are shown as a blank."""
_LEET = str.maketrans("0134578", "oieastb")
"""Digits that stand for letters inside a word."""


_ALONE = {"1": "i", "2": "to", "4": "for"}


class _Folding(dict[int, str]):
    """A table for `str.translate`: every code point is folded once, and remembered."""

    def __missing__(self, point: int) -> str:
        self[point] = folded = _folded(chr(point))
        return folded


def _folded(character: str) -> str:
    if character in _STOPS:
        return f" {STOP} "
    parts = unicodedata.normalize("NFKD", character).casefold()
    return "".join(_alike(part) for part in parts.strip("()") or " ")  # "⒫" is "(p)"


def _alike(part: str) -> str:
    if part in _ALIKE:
        return _ALIKE[part]
    if part in _JOINED or _is_unseen(part):
        return ""
    return part if part.isalnum() and part not in _FILLERS else " "


def _is_unseen(part: str) -> bool:
    """Whether nothing is shown for a character: marks, controls of direction, tags, bytes of control."""
    category = unicodedata.category(part)
    if category in ("Cf", "Mn", "Me") or 0xE0000 <= ord(part) <= 0xE0FFF:
        return True
    return category == "Cc" and not part.isspace()


_FOLDING = _Folding()


_FONT = re.compile(
    r"\\(?:math(?:rm|bf|it|sf|tt|cal|bb)|text(?:rm|bf|it|sf|tt)?|operatorname|mbox|boxed|emph)(?![A-Za-z])"
)
_ZEROS = re.compile(r"(&#[xX]?)0+(?=[0-9a-fA-F])")
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
"""A reference to a number that no character has; Python reads none of more than 4,300 digits."""
_NESTED = 4
"""How often entities are undone: "&amp;#112;" is "&#112;", and that is "p"."""
_SIGN_INSIDE = re.compile(r"[!@$€|](?<=[^\W_].)")
_SIGNED = re.compile(r"(?<![^\W_])[^\W_]+(?:[!@$€|]+[^\W_]+)+")
"""A word with signs inside it; it is looked for where a word begins only, so that time is linear."""
_SIGNS, _AT_IS_O = str.maketrans("!@$€|", "iasei"), str.maketrans("!@$€|", "iosei")
_PIECE = re.compile(r"[^\W_]+")
_INSIDE = re.compile(r"[^\W\d_](?:[^\w\s'’]|_){1,40}[^\W\d_]|&")
MOST_LETTERS = 24
"""The longest word that is looked for in a run of letters."""


def words_of(text: str, known: Collection[str] = ()) -> list[str]:
    """The words of a text, lower case, with `STOP` between sentences; letters set apart ("b o m b") are one word.

    Args:
        known: words that are looked for in a run of letters; where none is there, the run is one word.
    """
    words = bare(text).translate(_FOLDING).split()  # line ends are blanks: most of them wrap a sentence
    letters = [len(word) == 1 and word != STOP for word in words]
    if not any(letters):
        return words
    joined: list[str] = []
    for single, run in groupby(zip(words, letters, strict=True), lambda pair: pair[1]):
        found = [word for word, _ in run]
        joined += _in_letters("".join(found), known) if single and len(found) >= 3 else found
    return joined


def bare(text: str) -> str:
    """A text without entities and LaTeX's fonts."""
    for _ in range(_NESTED):
        if "&" not in text:
            break
        text = unescape(_NO_CHARACTER.sub(" ", _ZEROS.sub(r"\1", text)))
    return _FONT.sub("", text) if "\\" in text else text


def with_signs_read(text: str, known: Collection[str] = ()) -> str:
    """The text with letters for signs inside words ("p!p3 b@mb"): "@" is an a, or an o if that is a known word."""

    def read(word: re.Match[str]) -> str:
        other = word[0].lower().translate(_AT_IS_O)
        return other if spelt(other) in known else word[0].translate(_SIGNS)

    return _SIGNED.sub(read, text) if _SIGN_INSIDE.search(text) else text


def closed_up(text: str, words: list[str], known: Collection[str] = ()) -> list[str] | None:
    """The words of a text if signs inside them are left out ("b-o-m-b", "p(i)pe") and a sentence has more than one word
    ("How. To. Kill."); `None` if that changes nothing.

    Args:
        words: what `words_of` gives for it.
    """
    closed = words
    if _INSIDE.search(text):
        written = bare(text).split()
        joined = [_without_signs(word) for word in written]
        closed = words_of(" ".join(joined), known) if joined != written else words
    longer = _longer_sentences(closed) if STOP in closed[:-1] else closed
    return None if longer is words else longer


def _without_signs(word: str) -> str:
    """A word without the signs inside it, if they leave a piece of one or two letters."""
    if word.isalnum() or "'" in word or "’" in word:
        return word
    pieces = _PIECE.findall(word)
    if len(pieces) < 2 or min(map(len, pieces)) > 2 or not any(map(str.isalpha, pieces)):
        return word
    return "".join(pieces) + (" ." if word[-1] in _STOPS else "")


def _longer_sentences(words: list[str]) -> list[str]:
    """The words without the stops around sentences of one word; the same list where there are none."""
    stops = [-1, *(at for at, word in enumerate(words) if word == STOP), len(words)]
    single = {end for begin, end in pairwise(stops) if end - begin == 2}
    left_out = {at for before, at in pairwise(stops) if at in single} | {
        before for before, at in pairwise(stops) if at in single
    }
    kept = [word for at, word in enumerate(words) if at not in left_out]
    return kept if len(kept) < len(words) else words


def _in_letters(run: str, known: Collection[str]) -> list[str]:
    """The known words in a run of letters, the longest first, and the letters between them."""
    found: list[str] = []
    at = 0
    while at < len(run):
        ends = range(min(at + MOST_LETTERS, len(run)), at + 2, -1)
        end = next((end for end in ends if run[at:end] in known), at + 1)
        found.append(run[at:end])
        at = end
    return found if any(len(word) > 1 for word in found) else [run]


def spelt(word: str) -> str:
    """A word with digits read as the letters they stand for: "b0mb" is "bomb"; numbers stay numbers, but for "do 1" and
    "how 2"."""
    return _ALONE.get(word, word) if word.isdigit() else word.translate(_LEET)
