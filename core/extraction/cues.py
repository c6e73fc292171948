"""The words that announce an answer ("the answer is", "答案：", "Ответ:"), and where they stand in a text."""

from __future__ import annotations

import re
from typing import NamedTuple

from .denial import supposed

_NOUNS = {
    "Albanian, Bosnian, Croatian, Serbian": "odgovor(?:i)?|одговор",
    "Arabic": "(?:ال)?(?:جواب|إجابة|اجابة)(?: النهائية| النهائي| الصحيحة)?",
    "Bengali, Hindi, Marathi, Nepali": "উত্তর|(?:अंतिम )?उत्तर|जवाब",
    "Catalan, French, Italian, Portuguese, Romanian, Spanish": (
        "r[ée]ponse(?: finale| correcte)?|respuesta(?: final| correcta)?|resposta(?: final| correta)?"
        "|risposta(?: finale| corretta)?"
        "|răspuns(?:ul)?(?: final)?"
    ),
    "Czech, Polish, Slovak": "odpověď|odpověd|odpowied[źz]|odp\\.?",
    "Danish, Norwegian, Swedish": "svar(?:et)?",
    "Dutch, German": "(?:eind)?antwoord|(?:end)?antwort|endergebnis|ergebnis",
    "Finnish, Hungarian, Turkish": "vastaus|válasz|cevap|cevabı|yanıt|sonuç",
    "Greek": "απάντηση",
    "Hebrew": "ה?תשובה(?: הסופית)?",
    "Indonesian, Malay, Tagalog, Swahili": "jawaban(?:nya)?|jawapan(?:nya)?|sagot|jibu",
    "Persian, Urdu": "پاسخ(?: نهایی)?|جواب",
    "Bulgarian, Russian, Ukrainian": "ответ(?:ом)?|відповідь|отговор(?:ът)?|итого",
    "Thai": "คำตอบ",
    "Vietnamese": "đáp án|đáp số|câu trả lời|kết quả",
}
_COPULAS = (
    "is|are|was|est|es|és|é|è|e|este|ist|lautet|beträgt|je|to|brzmi|jest|är|er|on|είναι|היא|הוא|adalah|ialah|ay|ni"
    "|là|คือ|هو|هي|است|ہے|है|হল|হলো"
    "|равен|равна|равно|будет|это|дорівнює|е"
)
_ENGLISH_COPULAS = (
    "is|are|was|would be|will be|should be|must be|has to be|becomes|equals|is equal to|comes out to|comes to"
    "|turns out to be"
)
_MARKS = r"[*_`\"'“”)\]}]{0,6}"
_SEPARATOR = r"(?:=|[:：]{1,2}|\||-{1,2}>|[→⇒—–])"
_END = r"(?![A-Za-z'’])"
_LATIN_CUE = (
    rf"(?<![A-Za-z_\\])(?:(?:final|correct|right|exact|numerical|overall) ?)?(?:answers?|ans){_MARKS}\.?"
    rf"(?:\s(?:to|for|of|in|choice|option|value|here)\b[^.\n:=|]{{0,40}}?)?{_MARKS}[ \t]{{0,3}}"
    rf"(?:(?:{_ENGLISH_COPULAS}){_END}|{_SEPARATOR})"
    r"|(?<![A-Za-z])(?:ans|odp)\.[ \t]{0,3}(?=[-\d$\\(])"
    rf"|(?<![A-Za-z])(?:correct|right|best|final) (?:option|choice|letter|alternative){_MARKS}\s?(?:is{_END}"
    rf"|{_SEPARATOR})"
    rf"|(?<![^\W\d_])(?:{'|'.join(_NOUNS.values())}){_MARKS}\s{{0,3}}(?:{_SEPARATOR}|(?:{_COPULAS})(?![^\W\d_])\s?:?)"
)
_EAST_ASIAN_CUE = (
    r"【(?:答案|解答)】\s?[:：]?|(?:答案|正解|解答|最終解|答え|答(?=[:：为是は])|结果|結果)(?:选项)?[*\s]{0,3}(?:应该是|应当是|应为|應為|就是|是|为|為|は|が|[:：]|等于)[:：]?"
    r"|(?:故|应|應|因此|所以|正确|本题)?(?:选项为|选项是|选择|选|選擇|選)\s{0,2}[:：]?(?=\s?[*(（]?[A-H])"
    r"|(?:정답|답|결과)(?:은|는|이|:|：)\s?"
)
_CUE = re.compile(rf"(?:{_LATIN_CUE}|{_EAST_ASIAN_CUE})", re.I)
_BEFORE_CUE = re.compile(r"(?P<text>\s*(?:\\text\s?\{\s?)?)(?:the |my )?", re.I)
_HEADING = re.compile(
    r"(?:^|\n)[ \t]{0,4}(?:[#>|-]{1,6}[ \t]{0,3})?[*_]{0,3}(?:(?:the |my )?final |the |my )?(?:answer|result|antwort"
    r"|respuesta|réponse|答案|最终答案)"
    r"[*_]{0,3}[ \t]{0,3}\n",
    re.I,
)
_RESULT = re.compile(
    rf"(?<![A-Za-z])(?:(?:the |our )?(?:final |end |numerical )?(?:results?|solutions?|output|total|value"
    rf"|résultat(?: final)?|resultado(?: final)?|resultat|risultato|rezultat|lösung|solución|soluzione|solução"
    rf"|результат|решение|hasil|wynik|výsledek)){_MARKS}\s?"
    rf"(?:{_SEPARATOR}|(?:is|are){_END})|(?<![A-Za-z])(?:i|we) (?:choose|pick|select|would choose)\s(?:option "
    rf"|choice )?(?=[*(]{{0,3}}[A-J]\b)",
    re.I,
)


class Cue(NamedTuple):
    """Where the words of a cue begin and end; `heading` if the answer comes on the next lines."""

    start: int
    end: int
    heading: bool


def answer_cues(text: str) -> list[Cue]:
    """The cues with the word answer that are no supposition, in order; the last 64."""
    found = [Cue(match.start(), match.end(), False) for match in _CUE.finditer(text)]
    found += [Cue(match.start(), match.end(), True) for match in _HEADING.finditer(text)]
    found.sort()
    return [cue for cue in found[-64:] if not supposed(text, cue.start)]


def first_cue(text: str) -> int | None:
    """Where the first cue ends that something follows on its line or, for a heading, on the next ones."""
    ends = [found.end() for pattern in (_HEADING, _RESULT) if (found := pattern.search(text))]
    for found in _CUE.finditer(text):
        if text[found.end() : found.end() + 40].split("\n", 1)[0].strip(" *_`|:") and not supposed(text, found.start()):
            return min([found.end(), *ends])
    return min(ends, default=None)


def result_cues(text: str) -> list[Cue]:
    """Weaker ones: "Final result:" anywhere; "the solution is" and "I choose (B)" on the last line."""
    last_line = text.rstrip().rfind("\n") + 1
    found = [match for match in _RESULT.finditer(text) if match.start() >= last_line or "final" in match[0].lower()]
    return [Cue(match.start(), match.end(), False) for match in found[-64:] if not supposed(text, match.start())]


def without_cue(content: str) -> str:
    """What follows the cue with which a box begins ("答案是5", "The answer is 5"), or all of it."""
    start = _BEFORE_CUE.match(content)
    found = start and (_CUE.match(content, start.end()) or _CUE.match(content, start.end("text")))
    if found is None or not (rest := content[found.end() :].strip()):
        return content
    opened = content[: found.end()].count("{") - content[: found.end()].count("}")
    return _without_stray_brace(rest) if opened > 0 else rest


def _without_stray_brace(rest: str) -> str:
    """Without the brace that closes what was opened before ("The answer is }7", "The answer is 7}")."""
    depth = 0
    for found in re.finditer(r"\\?[{}]", rest):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            return (rest[: found.start()] + rest[found.end() :]).strip()
    return rest
