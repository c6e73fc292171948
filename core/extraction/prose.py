"""The answer of a text without marks: what its last sentence concludes. A guess, so it may be none, and never votes."""

from __future__ import annotations

import re

from .around import not_meant
from .beside import changed_after, changed_before, measure_behind, scale_behind, unit_behind
from .denial import asks, denied, denied_before, refuses, supposed
from .expressions import Run, runs
from .formulas import Formula, formulas, last_together
from .tidy import result, tidy

LOOK_BACK = 4000
"""Characters at the end of a text in which its conclusion is looked for."""
_SENTENCES = 24
_DISPLAYED = re.compile(r"\$\$.{1,800}?\$\$|\\\[.{1,800}?\\\]", re.S)
COPULA = re.compile(r"\b(?:is|are|equals?|be|by|it's|was)\b(?!\s+not\b)[:\s]", re.I)
_BREAK = re.compile(
    r"(?<!\b(?-i:[A-Z])\.)(?<!\bno\.)(?<!\bans\.)(?<!\bapprox\.)(?<!\bca\.)(?<!\bi\.e\.)(?<!\be\.g\.)(?<!\bvs\.)"
    r"(?<!\bmr\.)(?<!\bmrs\.)(?<!\beq\.)"
    r"(?<=[.!?])[*_\"”)]{0,3}[ \t]+(?=[^\s=])|(?<=[。！？])|\n+|(?<=[a-z]\.)(?=[A-Z][a-z])",
    re.I,
)
_LIST_LABEL = re.compile(r"\W*(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)]\W*", re.I)
_CITATION = re.compile(r"\s?\[\d{1,3}\]|\s?【[^】]{1,20}】|\s?\^\[\d+\]")
_ASIDE = re.compile(r"\([^()]*[^\W\d_]{3}[^()]*\)")
_BOLD = re.compile(r"\*\*(?=\S)[^\n]{1,120}?\*\*|__(?=\S)[^\n]{1,120}?__")
WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{2,}")
_CIRCUMSTANCE = re.compile(
    r"(?:\s?[^\W\d_][\w/²³^°]*){0,3}[\s,]+(?:after|within|when|where|for|at|during|if|on|until|since|before|every"
    r"|per|out of(?: the)?|over the|in the(?: first| last| next)?|for the(?: first| last| next)?)\s(?:\w+\s){0,3}"
    r"[$€£]?$",
    re.I,
)
_CONCLUDES = re.compile(
    r"\b(?:is|are|was|be|equals?|has|have|had|needs?|gets?|got|costs?|makes?|made|gives?|gave|left|remains?|takes?"
    r"|took|scored|paid|pays|earns?|earned|spent|weighs|sold|bought|=)\s(?:\w+\s){0,4}[$€£*]{0,3}$",
    re.I,
)
_GOES_ON = re.compile(r"[,;:=]|\b(?:so|then|thus|therefore|hence|is|are|was|gives?|equals?|but|or|and)\b", re.I)
_LETTER = re.compile(
    r"(?:\b(?:it['’]s|it is|is|are|option|choice|select|choose|pick|be|answer|to|with|for|but|so|thus|hence"
    r"|therefore)|^|[:：]|选|為|为|是|選擇?)"
    r"\s*[*(（\"]{0,3}([A-J])[*)）\"]{0,3}[.!。]?\W*$"
)
_RIGHT_LETTER = re.compile(
    r"(?<![\w'’])\(?([A-J])\)? (?:is|must be|seems|looks) (?:the )?(?:right|correct|best|answer|only one)"
    r"|\b([A-J]) (?:holds|works|fits)\b"
)
_LONE_LETTER = re.compile(r"[\s*(（]*([A-J])[)）.*\s]*")
_STATES = re.compile(
    r"\b(?:does not exist|do(?:es)? not exist|(?:has|have|there (?:is|are)) no (?:real |integer |such )?solutions?"
    r"|no (?:real |integer )?solutions?"
    r"|infinitely many(?: solutions)?|undefined|cannot be determined|can not be determined|diverges"
    r"|not enough information)\b",
    re.I,
)
_SUM = re.compile(r"[-\d.,\s+*×·÷−/()]+")
_OPERATES = re.compile(r"[\d)]\s*[-+*×·÷−]\s*[\d(]|/.*/")
"""A computation that is not carried out ("Compute 3+4.") is the question, not a conclusion."""
_EXCEPT = re.compile(r"\W*(?:other than|except|unless|if|when|besides|but|until)\b", re.I)
_REMARK = re.compile(
    r"\W*(?:note|n\.b|p\.s|disclaimer|confidence|source|check|verification|steps?|time|tokens|hint|remark|difficulty"
    r"|rating|score)\b[^:]{0,20}:|(?:this |the )?(?:problem|question|exercise|task)\s(?:is|was)\s(?:worth|rated)\b"
    r"|.{0,60}\bmore steps\b|let me know\b|(?:I )?hope\b|feel free\b",
    re.I,
)
_SETS_UP = re.compile(
    r"\W*(?:so |then |now |first,? )?(?:suppose|assum(?:e|ing)|imagine|pretend|let(?! us| me|['’]s)"
    r"|if\b[^,]{1,60}\bwere\b)"
    r"|\W*(?:so |then |now |first,? )?(?:compute|calculate|find|solve|determine|evaluate|simplify|prove|express"
    r"|round|we (?:need|have|want) to|let us|let me(?! know)"
    r"|let['’]s)\b[^=]*$",
    re.I,
)
"""A sentence that sets something up, or announces work without a result; its numbers are no conclusion."""
_YES_NO = re.compile(r"\W*(yes|no)\b\W{0,3}[,;:.—–-]\s*(?=because\b|since\b|as\b|\D*$)", re.I)
_IS = re.compile(
    r"\W*(?:so |thus |therefore |hence )?,?\s?(?:it|this|that|the \w+(?: \w+)?)\s(?:is|are|was|must be"
    r"|will be)\s(?:on |an? |the )?"
    r"[*_\"“'$]{0,3}([A-Za-z][\w-]{1,24})[*_\"”'$.]{0,4}\W*",
    re.I,
)
_EMPTY = re.compile(
    r"clear|true that|easy|hard|possible|unclear|unknown|correct|wrong|not|the|this|that|it|known|given|done"
    r"|obvious|ok(?:ay)?|fine",
    re.I,
)
_WRITTEN_NUMBER = re.compile(r"[$€£¥]?[-−+]?[\d.,:/ ]+")
_DOUBTS = re.compile(r"\b(?:could|might|may)(?: also| well| just)? be\W*$", re.I)
_JOINED = re.compile(r"\s?(?:,|,? (?:and|or)|和|或|und|et|y|и) ")


def last_value(text: str) -> str | None:
    """What the last sentence with a value concludes: the longest expression around its last number.

    `None` if that sentence asks, refuses, or denies all its values.
    """
    for sentence in _last_sentences(text):
        if asks(sentence) or _LIST_LABEL.fullmatch(sentence):
            continue
        if refuses(sentence):
            return None
        if _REMARK.match(sentence):
            continue
        if _SETS_UP.match(sentence):
            return None
        stated = stated_outcome(sentence) or yes_or_no(sentence)
        if stated:
            return stated
        written = formulas(sentence)
        if written:
            return from_formulas(sentence, written)
        found = runs(_without_asides(sentence))
        if found:
            return _concluded(_without_asides(sentence), found)
        letter = concluded_letter(sentence)
        if letter:
            return letter
    return None


def from_formulas(text: str, found: list[Formula]) -> str | None:
    """The last formulas that are joined, with a unit that follows; a later value that is concluded wins."""
    spans = [match.span() for match in _BOLD.finditer(text)]
    bold = [formula for formula in found if any(start < formula.start < end for start, end in spans)] if spans else []
    start, end, parts = last_together(text, bold or found)
    tail = text[end:].lstrip("*_ ")
    later = last_value(tail) if tail and not bold else None
    if later is not None and COPULA.search(tail):
        return later
    if len(parts) == 1 and denied(text, start, end):
        return None
    return tidy(", ".join(parts) if len(parts) > 1 else result(parts[0]) + unit_behind(" " + tail if tail else ""))


def is_long(text: str) -> bool:
    """Whether a text has more than one sentence, or is too long to be read at once."""
    return len(text) > LOOK_BACK or len(_last_sentences(text)) > 1


def concluded_letter(sentence: str) -> str | None:
    """The letter of a choice that a sentence concludes ("so I think it's B", "B is correct")."""
    right = [found for found in _RIGHT_LETTER.finditer(sentence) if not denied_before(sentence, found.start())]
    if right:
        return right[-1][1] or right[-1][2]
    last = _LETTER.search(sentence)
    return last[1] if last and not denied_before(sentence, last.start(1)) else None


def lone_letter(text: str) -> str | None:
    """The letter of a choice that stands alone on the last line."""
    lines = text.rstrip().rsplit("\n", 1)
    found = _LONE_LETTER.fullmatch(lines[-1][:40])
    return found[1] if found else None


def _last_sentences(text: str) -> list[str]:
    """The last sentences, the very last first."""
    text = text[-LOOK_BACK:].strip()
    if "$$" in text or "\\[" in text:
        text = _DISPLAYED.sub(lambda found: found[0].replace("\n", " "), text)
    pieces = [piece.strip() for piece in _BREAK.split(text) if piece and piece.strip()]
    return [piece[-600:] for piece in pieces[: -_SENTENCES - 1 : -1]]


def _without_asides(sentence: str) -> str:
    """Without citations, and without remarks in brackets if a value remains."""
    shorter = _ASIDE.sub(lambda found: " " * len(found[0]), _CITATION.sub("", sentence))
    return shorter if re.search(r"\d", shorter) else _CITATION.sub("", sentence)


def _concluded(sentence: str, found: list[Run]) -> str | None:
    """Of the values of a sentence the one that it concludes."""
    spans = [match.span() for match in _BOLD.finditer(sentence)]
    bold = [run for run in found if any(start <= run.start < end for start, end in spans)]
    kept = [run for run in bold or found if _meant(sentence, run)]
    if not kept:
        return None
    last = _result_of_chain(sentence, kept) or kept[-1]
    if _SUM.fullmatch(last.text) and _OPERATES.search(last.text):
        return None
    if len(kept) > 1 and last is kept[-1] and not bold:
        before = kept[-2]
        between = sentence[before.end : last.start]
        if _JOINED.fullmatch(between):
            return _list(sentence, kept)
        if "=" not in last.text and _CONCLUDES.search(sentence[: before.start]) and _CIRCUMSTANCE.fullmatch(between):
            last = before
    following = sentence[last.end :]
    if changed_after(following):
        return None
    scale = scale_behind(following)
    measure = measure_behind(following[len(scale) :]) if _WRITTEN_NUMBER.fullmatch(last.text) else ""
    return tidy(result(last.text) + scale + measure)


def _meant(sentence: str, run: Run) -> bool:
    """Whether a sentence gives a value as it stands: not denied, doubted, supposed, or changed by the words before."""
    if denied(sentence, run.start, run.end) or supposed(sentence, run.start) or not_meant(sentence, run.start, run.end):
        return False
    before = sentence[: run.start]
    return not changed_before(before) and _DOUBTS.search(before[-24:]) is None


def _result_of_chain(sentence: str, kept: list[Run]) -> Run | None:
    """The last computation with a result, if only its circumstances follow it ("8*30 = 240 in 30 days")."""
    chain = next((run for run in reversed(kept) if "=" in run.text and result(run.text) != run.text), None)
    if chain is None or _GOES_ON.search(sentence, chain.end, kept[-1].start):
        return None
    return chain


def _list(sentence: str, kept: list[Run]) -> str | None:
    """ "2, 3 and 5" as a list."""
    parts = [kept[-1].text]
    for before, after in zip(kept[-2::-1], kept[:0:-1], strict=True):
        if not _JOINED.fullmatch(sentence[before.end : after.start]):
            break
        parts.insert(0, before.text)
    return tidy(", ".join(parts))


def yes_or_no(sentence: str) -> str | None:
    """ "Yes" or "No" with which a sentence without another value begins."""
    found = _YES_NO.match(sentence)
    return found[1].capitalize() if found else None


def named(sentence: str) -> str | None:
    """The one word that a short sentence states of its subject ("The ball is blue.")."""
    found = _IS.fullmatch(sentence)
    return found[1] if found and not _EMPTY.fullmatch(found[1]) else None


def stated_outcome(sentence: str) -> str | None:
    """The outcome without a value that a sentence states ("The limit does not exist."), in the field's words."""
    found = _STATES.search(sentence)
    if found is None or len(found[0]) + 2 > len(sentence) or _EXCEPT.match(sentence, found.end()):
        return None
    low = found[0].lower()
    for words in (
        "does not exist",
        "infinitely many solutions",
        "infinitely many",
        "undefined",
        "diverges",
        "not enough information",
    ):
        if words in low:
            return words
    return "cannot be determined" if "determined" in low else "does not exist" if "exist" in low else "no solution"
