"""Text as nothing but text: no question and no answer can write a tokenizer's control tokens.

A tokenizer finds its control tokens (`<|im_end|>`, `</s>`, `[INST]`, `<think>` …) in any text it is given, some of them
also where its normaliser makes them from look-alikes, and some vocabularies hold them as ordinary pieces. So a text is
tokenised as ever, and looked at afterwards: where a control token came of it, the text is cut until none does. Ordinary
text keeps the tokens it always had. Only ids are compared, so this holds for every tokenizer, fast or slow.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_NOTHING = re.compile(r"(?!)")


def writable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer reads and no file holds, as replacement characters."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class TextTokens:
    """Tokenises text without control tokens.

    Args:
        tokenizer: of transformers, fast or slow.
        stop_ids: further tokens that text must not become: those that end a completion.

    Attributes:
        controls: ids of the control tokens: all special tokens but those of an unknown character and of one or two
            printable ones, and added tokens with a name in brackets, whether flagged as special or not.
    """

    def __init__(self, tokenizer: Any, stop_ids: Sequence[int] = ()) -> None:
        self.tokenizer = tokenizer
        added = {int(i): token for i, token in tokenizer.added_tokens_decoder.items()}
        special = {*tokenizer.all_special_ids, *stop_ids, *(i for i, token in added.items() if token.special)}
        others = {name: getattr(tokenizer, f"{name}_token_id", None) for name in ("bos", "eos", "pad")}
        unknown = tokenizer.unk_token_id
        self._unknown = None if unknown in {None, *others.values(), *stop_ids} else int(unknown)
        named = {i: str(tokenizer.convert_ids_to_tokens(i)) for i in special} | {i: t.content for i, t in added.items()}
        found = {i for i, name in named.items() if (not _is_text(name) if i in special else _in_brackets(name))}
        self.controls = frozenset(found - {self._unknown})
        written = sorted({named[i] for i in found if named[i]}, key=len, reverse=True)
        self._written = re.compile("|".join(map(re.escape, written))) if written else _NOTHING
        normaliser = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
        self._normalised = str if normaliser is None else normaliser.normalize_str

    def ids(self, text: str) -> list[int]:
        """The tokens of a text, with nothing added before or after."""
        text = writable(text)
        (whole,) = self._encoded([text])
        return whole if self.is_text(text, whole) else self._cut(text)

    def is_text(self, text: str, ids: Sequence[int], expected: Sequence[int] = ()) -> bool:
        """Whether a text that became `ids` brought no control token into them, beyond those expected around it. An
        unknown character may be unknown, but "<unk>" is five characters."""
        if self.controls_in(ids) != list(expected):
            return False
        name = self.tokenizer.unk_token
        return self._unknown not in ids or not (name in text or name in self._normalised(text))

    def controls_in(self, ids: Sequence[int]) -> list[int]:
        """The control tokens among `ids`, in order."""
        return [] if self.controls.isdisjoint(ids) else [token for token in ids if token in self.controls]

    def _encoded(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _cut(self, text: str) -> list[int]:
        """The tokens of a text in pieces: cut after the first character of what reads as a control token; pieces that
        still become one (by the tokenizer's normaliser, or its vocabulary) are halved, down to single characters."""
        starts = [0, *(found.start() + 1 for found in self._written.finditer(text)), len(text)]
        pieces = [text[i:j] for i, j in itertools.pairwise(starts) if i < j]
        while True:
            rows = self._encoded(pieces) if pieces else []
            halved: list[str] = []
            for piece, ids in zip(pieces, rows, strict=True):
                whole = len(piece) == 1 or self.is_text(piece, ids)
                middle = len(piece) // 2
                halved += [piece] if whole else [piece[:middle], piece[middle:]]
            if len(halved) == len(pieces):
                return [i for ids in rows for i in ids if i not in self.controls]
            pieces = halved


def _is_text(name: str) -> bool:
    """Whether a special token reads as ordinary text, such as "\\n" where that ends a completion."""
    return len(name.strip()) <= 2 and (name.isspace() or name.isprintable())


def _in_brackets(name: str) -> bool:
    """Whether an added token is a name in brackets or between equal signs, `<think>`, `[IMG]`, `@@user@@`; words and
    runs of blanks, which some vocabularies add as well, are text."""
    name = name.strip()
    if len(name) < 3 or not any(character.isalnum() for character in name[1:-1]):
        return False
    first, last = name[0], name[-1]
    fenced = first == last and not first.isalnum()
    return fenced or bool(unicodedata.mirrored(first) and unicodedata.mirrored(last))
