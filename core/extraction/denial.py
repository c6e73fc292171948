"""What an attempt says and does not mean as its answer: denials, questions, refusals, what it takes back."""

from __future__ import annotations

import re

REACH = 48
"""Characters before and after a value in which a denial is looked for."""

_DENIES = (
    r"(?:(?<![A-Za-z])(?:not|cannot|never|neither|nor|without|instead of|except(?: for)?|exclud\w{1,4}"
    r"|reject\w{0,3}|discard\w{0,3}|rul(?:e|es|ed|ing) out|no longer|doubt|wrong|incorrect|mistaken|anything but"
    r"|(?:less|more|greater|fewer|larger|smaller|higher|lower|bigger|rather|other) than|pas|nicht|kein\w{0,2}|niet"
    r"|inte|ikke|nie|não|no es|non è"
    r"|не)(?![A-Za-z])|n['’]t(?![A-Za-z])|≠|\\neq?(?![A-Za-z])|!=|不是|不等于|不为|不能是|并非)"
)
_BETWEEN = (
    r"(?:[\s:]+(?:be|being|equals?|to|the|is|was|answer|solution|value|simply|just|exactly|number|option|choice|it"
    r"|work|works|for"
    r"|possible|possibly|a|an|x|y|n|=)(?![A-Za-z]))"
)
_DENIES_OR_ASKS = re.compile(rf"{_DENIES}|[?？]", re.I)
_DENIED_BEFORE = re.compile(rf"{_DENIES}{_BETWEEN}{{0,5}}\s{{0,3}}[:=]?\s{{0,3}}[$*(\\\[`\"']{{0,4}}\s?$", re.I)
_DENIED_AFTER = re.compile(
    r"[$*)\\\]`\"'\s]{0,5}(?:(?:is|are|was|were|seems|would be|must be)\s(?:also |clearly |obviously "
    r"|definitely )?not\b(?! only)"
    r"|(?:[A-Za-z]{1,12}\s)?(?:is|are|was|seems|looks|would be|must be)\s(?:also |clearly |obviously |definitely )?"
    r"(?:wrong|incorrect|false|impossible|too (?:large|small|big|high|low|many|few|much)|excluded|rejected|extraneous"
    r"|invalid|a mistake|an error"
    r"|out of the question)"
    r"|(?:isn|wasn|aren|doesn|can|won|couldn|wouldn)['’]t\b|cannot\b|can not\b|does not\b|will not (?:work|do)\b"
    r"|could not be\b"
    r"|(?:是|为)?(?:不对|不正确|错误|错的)|ではな|じゃな|では?ありません|は?間違|(?:은|는|이|가)?\s?(?:아니|아닙|틀)"
    r"|n['’]est pas|(?:est|ist|es|è|é|is) (?:faux|fausse|incorrecte?|falsch|nicht|incorrect[oa]|fals[oa]"
    r"|sbagliat[oa]|errat[oa]|errad[oa]|fout|onjuist)\b|no es\b|non è|não é|(?:это )?(?:не(?:верно|правильно"
    r"| подходит| является)|ошибка)"
    r"|[-–—(\[:,]{1,2}\s?(?:this is |that['’]s |which is )?(?:wrong\b|incorrect\b|false\b|not correct|(?:faux"
    r"|falsch|неверно)\b|(?:no|nope)(?=\s?(?:[.!,)]|$))|错)"
    r"|[(\[]?\s?[✗✘❌✖×](?!\s?[\d\\(])|~~)",
    re.I,
)
_RETRACTS = re.compile(
    r"(?:^|[\s,.;:!?(—。，、；：！？（-])(?:"
    r"(?:that|this|it|which|the (?:above|answer|result|last step))(?:['’]s|\s(?:is|was|seems|looks|can['’]t be"
    r"|cannot be|can not be))"
    r"\s(?:clearly |obviously |actually |also |all |definitely )?"
    r"(?:wrong|incorrect|not (?:right|correct|possible|true|the answer)|impossible|a mistake|an error|right\?? no"
    r"|false|mistaken)"
    r"|(?:that|this|it) (?:isn['’]t|wasn['’]t) (?:right|correct|possible|the answer)"
    r"|(?:that|this|it) (?:does not|doesn['’]t|can['’]t|cannot) (?:work|make sense|be right|be correct)"
    r"|I(?:['’]ve)? (?:have )?(?:made|see) (?:a|an|my) (?:mistake|error|slip)|I was (?:wrong|mistaken)|scratch that"
    r"|my mistake"
    r"|correction\s?[:,—]|(?:it|that|this|the answer) should (?:be|have been)|let me (?:correct|fix) (?:that|this|it)"
    r"|(?:wait|no|oops)[,.!]? (?:no|it['’]s|it is|wrong)\b|不对|错了|算错"
    r"|hm+[,.]* no\b|(?:(?<=[.!?—]\s)|(?<=[\n—]))(?:nope|wrong|incorrect|contradiction)\s?[.!]"
    r"|(?:so )?the (?:right |correct |final )?answer (?:isn['’]t|is not|cannot be|can['’]t be)\b"
    r"|(?:but|however),? (?:this|that|it)[^.!?\n]{0,20}\b(?:contradicts?|violates?|is a contradiction|fails)\b"
    r"|actually,? (?:it(?:['’]s| is|['’]s just)? |the (?:correct |right )?answer is |i (?:get"
    r"|think it is) )?[$\\(]{0,2}[-−]?\d)",
    re.I,
)
_REPLACES = re.compile(
    r"[$*)\\\]\s]{0,4}[,;.:—-]\s?(?:(?:but|however|yet|though|although|no)[, ]+|I (?:now |actually "
    r"|really )?think |on second thought,? "
    r"|I (?:now )?believe )+(?:that )?(?:it(?:['’]s| is| was| should be)|the (?:correct |right |real |true |actual )?"
    r"(?:answer|value|key|solution) (?:is|says|should be))\s(?:really |actually |in fact "
    r"|rather )?[$*\\(]{0,3}[-−]?\d",
    re.I,
)
_CHOICE_DENIED = re.compile(
    r"\W*(?:[Oo]ption |[Cc]hoice )?\(?[A-J]\)?\s(?:is|was|can|does|seems)(?:\s[^.!?]{0,30}?)?"
    r"(?:n['’]t|\s?not|\swrong|\sincorrect|\sfalse|\simpossible)\b"
)
_ORDERS = re.compile(
    r"\W*(?:please )?(?:solve|compute|calculate|find|determine|evaluate|simplify|prove|show|express|write|give"
    r"|round|answer)"
    r"\s[a-z]",
    re.I,
)
"""A task, not an answer."""
_OPTIONS = re.compile(r"\s*\(?A\)?\s?[.):]\s?\S[^\n]{0,80}?\s\(?B\)?\s?[.):]\s?\S", re.S)
_REFUSES = re.compile(
    r"\b(?:i|we)(?:['’]m| am|['’]re| are| was| were)? (?:really |simply |just |honestly |still |also "
    r"|sorry,? (?:but )?(?:i )?){0,2}"
    r"(?:do not|don['’]?t|cannot|can['’]?t|can not|could not|couldn['’]?t|not|unable to|failed to|fail to"
    r"|was not able to"
    r"|wasn['’]t able to|give up|gave up)"
    r"(?:\s(?:really |be |yet |actually |fully |exactly |confidently |able to |to )?(?:know|find|solve|determine"
    r"|answer|compute|sure"
    r"|certain|able|figure|help|tell|say|decide|conclude|calculate|give|provide|see|assist|understand|get|work|reach"
    r"|finish|complete)\b|\s?[.,!]|$)"
    r"|\b(?:i|we) (?:give|gave) up\b|\bno idea\b|\bno (?:final )?answer\b|\bidk\b|\bas an? (?:ai|language model)\b"
    r"|\bno clue\b|\b(?:nobody|no one) (?:knows|can)\b|\b(?:impossible|hard|difficult|not possible) to (?:say"
    r"|tell|know|determine)\b"
    r"|\bbut (?:it|that|this|I)(?:['’]s|['’]m| is| am| may be| might be)? (?:likely |probably |almost certainly "
    r"|most likely )?"
    r"(?:wrong|incorrect|not sure|unsure|a guess)\b"
    r"|(?:do not|don['’]?t) know\b|我不(?:知道|会|确定)|无法(?:回答|确定|计算|解答)|わかりません|分かりません"
    r"|не знаю|je ne sais pas|no lo sé"
    r"|ich weiß (?:es )?nicht",
    re.I,
)
_BARE_REFUSAL = re.compile(
    r"(?:sorry|not sure|unsure|unable|cannot|can['’]?t|can not|idk\b|unknown|no answer|no idea|n/?a\W*$|undecided"
    r"|none found)",
    re.I,
)
_QUESTION = re.compile(r"[?？]\W*$")
_TAG_QUESTION = re.compile(r",\s*(?:right|correct|ok|okay|yes|no|isn['’]t it|is it not)\s*[?？]\W*$", re.I)
_SUPPOSES = re.compile(
    r"\b(?:if|suppose|supposing|assum\w{1,4}|whether|imagine|pretend|unless|hoped|thought|say|said|says|let|(?:wrong"
    r"|incorrect|previous|old|initial|naive"
    r"|tempting|intuitive|common|other|false|user['’]s|student['’]s|someone['’]s))"
    r"(?:\s(?:that|for a moment|the|an?|his|her|their|my|our|first|final|correct|right))*\s*$",
    re.I,
)


def denied_before(text: str, start: int) -> bool:
    """Whether what starts there is denied by the words before it ("is not 5", "rather than 5")."""
    return _DENIED_BEFORE.search(text[max(0, start - REACH) : start]) is not None


def denied(text: str, start: int, end: int) -> bool:
    """Whether a value is denied by the words around it ("5 is too large", "5 cannot be")."""
    return denied_before(text, start) or _DENIED_AFTER.match(text[end : end + REACH]) is not None


def contradicts_itself(text: str) -> bool:
    """Whether a short text denies or asks, so that it is no answer as it stands ("not 5", "5?", "x cannot be 5")."""
    if lists_options(text) or _ORDERS.match(text):
        return True
    return _DENIES_OR_ASKS.search(text) is not None and "\\neq" not in text and "≠" not in text


def questioned_after(text: str, end: int) -> bool:
    """Whether a question mark follows at once."""
    return re.match(r"[\s$)*\\\]]{0,6}[?？]", text[end : end + 8]) is not None


def retracted(text: str) -> bool:
    """Whether a text that follows an answer takes it back."""
    return len(text) > 1 and _RETRACTS.search(text[:2000]) is not None


def denies_choice(text: str) -> bool:
    """Whether a text says that a choice is not the answer ("(B) is incorrect")."""
    return _CHOICE_DENIED.match(text) is not None


def lists_options(text: str) -> bool:
    """Whether a text repeats the choices of a question ("(A) 3 (B) 4", "A: 3, B: 4")."""
    return _OPTIONS.match(text) is not None


def replaced(text: str) -> bool:
    """Whether a text right behind an answer puts another in its place ("…, but it is 6", "…; I think it is 6")."""
    return _REPLACES.match(text) is not None


def retraction(text: str) -> int:
    """Where the last phrase ends that takes an answer back; 0 if there is none."""
    return max((found.end() for found in _RETRACTS.finditer(text)), default=0)


def refuses(sentence: str) -> bool:
    """Whether a sentence says that there is no answer to give ("I could not solve it after 7 attempts")."""
    return _REFUSES.search(sentence) is not None or _BARE_REFUSAL.match(sentence.strip()) is not None


def asks(sentence: str) -> bool:
    """Whether a sentence is a question, other than a statement with "right?" behind it."""
    return _QUESTION.search(sentence) is not None and _TAG_QUESTION.search(sentence) is None


def supposed(text: str, start: int) -> bool:
    """Whether what starts there is a supposition or somebody's wrong answer ("if the answer is 5")."""
    return _SUPPOSES.search(text[max(0, start - REACH) : start]) is not None
