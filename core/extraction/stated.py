"""The value in a stretch of text that is known to state one: what follows a cue, a mark, or stands between tags."""

from __future__ import annotations

import re

from .beside import changed_after, scale_behind, unit_behind
from .denial import asks, denied, denies_choice, lists_options, refuses
from .expressions import leading_run
from .formulas import first_together, formulas
from .prose import COPULA, WORD, concluded_letter, from_formulas, is_long, last_value, named, stated_outcome, yes_or_no
from .tidy import result, tidy

LONGEST = 2000
"""Characters behind a mark in which its value is looked for."""
SHORT = 200
_FEW_WORDS = 6
TEXT_GROUP = re.compile(r"\\(?:text|mathrm|textbf|textit|mbox|operatorname|mathbf|textnormal|rm)\b\s*")
_SENTENCE_END = re.compile(
    r"[.!?](?=\s+[A-Z\"(<*]|[*_\"”]{0,3}\s*$|\s*<\|)|\n|<\|(?!begin_of_box)|[。！？]|\.(?=[A-Z][a-z])"
)
_EXPLANATION = re.compile(
    r"[,;]?\s+(?:because|since|so that|which|as we|as the|as it|where|I hope|by the|given that|due to|computed"
    r"|obtained|found|from)\b.*"
    r"|[,;]\s+(?:so|and|as|in|after|with|hence|thus|therefore|making)\s.*"
    r"|，?(?:因为|由于|其中)",
    re.S,
)
_NOT = re.compile(
    r"[*_$\s]*(?:definitely |certainly |clearly |simply |just )?(?:not|n['’]t|never|neither|不是)\b\s*(?!only\b"
    r"|necessarily\b|known)",
    re.I,
)
_UNKNOWN = re.compile(r"[*_\s]*(?:unknown|unclear|not known|undefined by|unavailable|missing)\b", re.I)
_BUT = re.compile(r"(?:,\s+so|,?\s+but(?: rather| actually| instead)?|而是|、(?=\d)|sondern|sino|mais)\s+", re.I)
_CORRECTS = re.compile(
    r"(?:\b(?:no,? wait|wait|sorry|oops|correction|scratch that)\b|,? \(?(?:no|but(?: it(?:['’]s| is)| actually| really"
    r"| in fact)|actually|I mean))[\s,:—-]+",
    re.I,
)
_LEAD_IN = re.compile(
    r"(?:[\s*_`\"“'{:：=]|(?:approximately|about|around|roughly|nearly|exactly|simply|just|equal to|equals|given by"
    r"|therefore|thus|indeed"
    r"|also|only|option|choice|letter|then|now|found to be|probably|likely|the (?:number|value|integer|option|letter"
    r"|choice|fraction)|number"
    r"|即|是|为|等于|约为|约|选项|en|el|la|le|die|der|das)(?![A-Za-z'’]))*",
    re.I,
)
_LETTER = re.compile(
    r"[\s*_$]*\(?(?:\\text\{)?([A-J])\)?\}?(?=[*_$\s]*(?:$|[.,:;)。，、]|\s(?:because|since|as|is|by|which"
    r"|and)\b))(?![.):]\s*\S)"
)
_CHOICE = re.compile(r"[\s*_$]*(\(?[A-J]\)?[.):]\s*\S[^\n]{0,80})$")
_OR = r"and|or|oder|ou|und|et|o|ó|u|y|e|и|или|або|maybe|perhaps|possibly|otherwise|alternatively|else"
_JOINT = re.compile(
    rf"\s*(?:[,;、]\s?(?:{_OR})?|{_OR}|[&|]|\(\s?or)(?:\s(?:{_OR}))?\s+(?=[-\d$\\(\[]|[a-z]\s?=)"
    r"|\s?(?:和|或者?|还是|または|もしくは|또는|혹은|이나|과|와|、|と|및)\s?(?=[-\d$\\(\[])",
    re.I,
)
_LETTERS = re.compile(
    rf"[\s*_$]*\(?[A-HJ]\)?(?:\s?(?:[,;、&|/和或と]|或者|还是|または|또는|\s(?:{_OR})\s)\s?(?:(?:and|or)\s)?\(?[A-HJ]\)?)+(?!\w)"
)
_OPERATES = re.compile(r"\s*[-+*/^×·÷−±∓⋅∗∕⁄]\s*(?:[-−√\d\\(]|[A-Za-z]{1,9}\s?\(|[a-z](?![A-Za-z]))")
_IN_WORDS = re.compile(r"\\(?:text|mathrm|textbf|textit|mbox|textnormal)\s?\{[^{}]*[^\W\d_]{2}[^{}]*\}")
_ENDS = re.compile(r"[\s$*]*(?:$|[.,;!(]|because\b|since\b)")
_COMPUTES_ON = re.compile(r"\s*[-+*/×÷=]\s*[\d$]")
_FOREIGN_LETTER = re.compile(r"[^\W\d_a-zA-Zα-ωΑ-Ω]")
_FORMULA_FIRST = re.compile(r"[\s*_`:]*(?:\$|\\\(|\\\[)")


def stated_value(rest: str, direct: bool = False) -> str | None:
    """The value that a text states at its beginning; `None` if it denies it, refuses, or says nothing.

    `direct`: only a value with which it begins counts, no words, and none further on.
    """
    rest = rest[:LONGEST].strip()
    if not rest or _UNKNOWN.match(rest):
        return None
    sentence = _first_sentence(rest)
    denial = _NOT.match(sentence)
    if denial:
        other = _BUT.search(sentence, denial.end())
        return stated_value(sentence[other.end() :]) if other else None
    corrected = None
    for corrected in _CORRECTS.finditer(sentence):  # noqa: B007 - the last one counts
        pass
    if corrected is not None and re.search(r"\d", sentence[corrected.end() :]):
        return stated_value(sentence[corrected.end() :])
    leading = _leading(sentence)
    if leading == "":
        return None
    return leading if leading is not None or direct else bare_or_last(_EXPLANATION.sub("", sentence))


def denies(rest: str) -> bool:
    """Whether what is stated is what the answer is not."""
    return _NOT.match(rest.strip()) is not None


def after_first_sentence(rest: str) -> str:
    """What follows the first sentence."""
    rest = rest[:LONGEST].strip()
    return rest[len(_first_sentence(rest)) :]


def _first_sentence(rest: str) -> str:
    if rest.startswith(("$$", "\\[")):
        return rest.partition("\n\n")[0]
    for end in _SENTENCE_END.finditer(rest):
        if (
            end.start()
            and (end[0] != "." or not re.match(r"\d", rest[end.end() :]))
            and rest[: end.start()].strip("*_` \t")
        ):
            if (
                not re.fullmatch(r"[\s*_]*[A-J\d]", rest[: end.start()])
                or end[0] == "\n"
                or not rest[end.end() :].strip(" \n")
            ):
                return rest[: end.start()]
            return rest[: end.start()] if re.match(r"\s+[A-Z][a-z]+\s", rest[end.end() :]) else rest.split("\n", 1)[0]
    return rest


def _leading(sentence: str) -> str | None:
    """The formula, letter or expression with which a sentence begins, with its unit; "" if that is denied."""
    letters = _LETTERS.match(sentence)
    if letters:
        return ", ".join(re.findall(r"(?<![A-Za-z])[A-HJ](?![A-Za-z])", letters[0]))
    letter = _LETTER.match(sentence)
    if letter:
        return letter[1]
    lead = _LEAD_IN.match(sentence)
    begin = lead.end() if lead else 0
    body = sentence[begin:]
    letter = _LETTER.match(body) or _LETTER.match(sentence)
    if letter:
        return letter[1]
    words = _IN_WORDS.match(body)
    if words:
        return tidy(words[0] if _ENDS.match(body, words.end()) else body[:SHORT])
    if _CHOICE.match(body):
        return tidy(body)
    if _FORMULA_FIRST.match(body):
        found = formulas(body)
        if found and not body[: found[0].start].strip("*_`: \t"):
            _, end, parts = first_together(body, found)
            return tidy(", ".join(parts) + (unit_behind(body[end:]) if len(parts) == 1 else ""))
    run = leading_run(body)
    if run is None or (len(run.text) == 1 and run.text.isalpha() and body[run.end : run.end + 1].strip()):
        return None
    if len(run.text) == 1 and run.text.isalpha() and WORD.search(body, run.end):
        return None
    if denied(body, run.start, run.end):
        return ""
    following = body[run.end :]
    if changed_after(following) or (_OPERATES.match(following) and result(run.text) == run.text):
        return tidy(result(_EXPLANATION.sub("", body))) if len(body) <= SHORT else ""
    more = _more_values(body, run.end)
    if more:
        return tidy(", ".join([run.text, *more]))
    scale = scale_behind(following)
    unit = scale + unit_behind(following[len(scale) :])
    if unit and _COMPUTES_ON.match(body, run.end + len(unit)):
        return None  # "5 bugs + 3 bugs = 8 bugs"
    return tidy(result(run.text) + unit)


def _more_values(body: str, at: int) -> list[str]:
    """The further values of a list whose first one ends there ("3, 5 and 7", "x = 3, y = 5")."""
    found: list[str] = []
    while len(found) < 32 and (joint := _JOINT.match(body, at)):
        following = leading_run(body[joint.end() : joint.end() + 200])
        if following is None or following.start or not re.search(r"\d", following.text):
            break
        found.append(following.text)
        at = joint.end() + following.end
    return found


def bare_or_last(text: str) -> str | None:
    """A short text as it stands; of prose the last formula or value in it."""
    text = text.strip()
    if not text:
        return None
    if lists_options(text[:SHORT]):
        return None
    found = formulas(text)
    if found:
        return last_value(text) if is_long(text) or asks(text) else from_formulas(text, found)
    several_lines = "\n" in text and "\\" not in text
    if several_lines or (not text.isascii() and _foreign_sentence(text)):
        return last_value(text)
    words = WORD.findall(TEXT_GROUP.sub(" ", text)) if len(text) <= SHORT else None
    if words is None and len(WORD.findall(text[:2000])) <= _FEW_WORDS and text.isascii():
        return tidy(text)
    if words is not None and (len(words) < 2 or (len(words) <= _FEW_WORDS and not any(c.isdigit() for c in text))):
        if refuses(text) or asks(text):
            return None
        if re.search(r"[π∞∅√]", text) and len(words) > 1:
            return last_value(text)
        concluded = stated_outcome(text) or yes_or_no(text) or concluded_letter(text) or named(text)
        return concluded or (None if denies_choice(text) else tidy(text))
    if words is not None and len(words) == 2 and text[0] in "-+.0123456789\\($" and not COPULA.search(text):
        return tidy(text)
    return last_value(text)


def _foreign_sentence(text: str) -> bool:
    """Whether letters of another script go before a value, or are too many for a bare answer."""
    letters = _FOREIGN_LETTER.findall(text[:SHORT])
    return len(letters) > 6 or (
        len(letters) > 1 and re.match(r"[^\d]*\d", text) is not None and _FOREIGN_LETTER.match(text) is not None
    )
