"""Rules over groups of words, matched in one pass over a text, with no backtracking.

A rule is a sequence of steps, each a group of words or phrases. It matches where one of each step stands in this order
within `window` words, unless one of the exempt group stands there, or up to `MARGIN` words before or behind. Sentences
are `GAP` words apart.

Per word the automaton follows a tree of phrases, at most as deep as the longest phrase, and per phrase it looks at the
steps that wait for it. For every step it remembers only the latest place where a match that has come so far can have
begun: an earlier one could not be nearer. So time is linear in the text, for a fixed file of rules. Aho and Corasick
(1975) would follow failure links in place of the few words of a phrase; the library `pyahocorasick` matches characters,
is written in C, and would leave words, windows and exemptions to us all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .words import STOP, closed_up, spelt, with_signs_read, words_of

GAP = 6
"""Words that the end of a sentence counts for."""
_SHORT_WORDS = frozenset(
    (
        *("an", "as", "at", "be", "by", "do", "go", "he", "if", "in", "is", "it", "me", "my", "no", "of", "on", "or"),
        *("so", "the", "to", "up", "us", "we", "and", "are", "for", "her", "him", "his", "its", "not", "one", "she"),
        *("you", "any", "all", "per", "can", "has", "had", "was", "who", "how", "man", "out", "off", "over", "under"),
    )
)
MARGIN = 6
"""Words around a match in which an exempt word stands for it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is refused.

    Attributes:
        code: the hazard.
        name: what it is, for people.
        steps: one or more, each a set of groups: any of them will do.
        window: most words from the first to the last step, ≥ 1.
        exempt: groups that make a match harmless.
    """

    code: str
    name: str
    steps: tuple[frozenset[str], ...]
    window: int
    exempt: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Phrase:
    """The words so far, and what follows on them.

    Attributes:
        following: by the next word.
        groups: those that this is a phrase of.
        steps: numbers of the rules that wait for one of them, each with the step; later steps first, so that one
            phrase cannot be two steps of a rule.
        exempts: numbers of the rules that one of them makes harmless.
    """

    following: dict[str, _Phrase] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    steps: list[tuple[int, int]] = field(default_factory=list)
    exempts: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Progress:
    """How far a rule has come in a text; places count words.

    Attributes:
        begun: per step, the latest place where a match up to this step can have begun; `None` if there is none.
        pending: begin and end of a match that an exempt word may still follow.
        exempt: where the last exempt phrase ends.
    """

    begun: list[int | None]
    pending: tuple[int, int] | None = None
    exempt: int = -10 * MARGIN


class Matcher:
    """Rules, ready to be matched.

    Args:
        groups: words and phrases by name of their group.
        rules: what is refused. Of several that match, the one that is certain first is given; the order of the rules
            decides between equals.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]], rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._start = _Phrase()
        self._known, self._halves = set[str](), set[str]()
        for group, phrases in groups.items():
            for phrase in phrases:
                self._add(group, phrase)

    def first(self, text: str) -> Rule | None:
        """The rule that matches first, in the text as it stands, closed up, or with the signs inside its words read
        as letters; `None` if none."""
        words = words_of(text, self._known)
        found = self._first(words)
        if found is None and (closed := closed_up(text, words, self._known)) is not None:
            found = self._first(closed)
        if found is not None:
            return found
        read = with_signs_read(text, self._known)
        return None if read == text else self._first(words_of(read, self._known))

    def _first(self, words: Sequence[str]) -> Rule | None:
        progress: dict[int, _Progress] = {}
        for begin, end, phrase in self._found(words):
            found = self._advance(progress, begin, end, phrase)
            if found is not None:
                return self.rules[found]
        pending = [number for number, own in progress.items() if own.pending is not None]
        return self.rules[min(pending)] if pending else None

    def _advance(self, progress: dict[int, _Progress], begin: int, end: int, phrase: _Phrase) -> int | None:
        """What one phrase changes; the number of a rule that is certain to match now, if there is one."""
        for number in phrase.exempts:
            own = self._of(progress, number)
            if own.pending is not None and begin > own.pending[1] + MARGIN:
                return number
            own.pending, own.exempt = None, max(own.exempt, end)
        for number, at in phrase.steps:
            rule, own = self.rules[number], self._of(progress, number)
            if own.pending is not None and begin > own.pending[1] + MARGIN:
                return number
            start = begin if at == 0 else own.begun[at - 1]
            if start is None or end - start >= rule.window:
                continue
            own.begun[at] = start
            if at == len(rule.steps) - 1 and own.pending is None and start - own.exempt > MARGIN:
                if not rule.exempt:
                    return number
                own.pending = start, end
        return None

    def _of(self, progress: dict[int, _Progress], number: int) -> _Progress:
        if number not in progress:
            progress[number] = _Progress([None] * len(self.rules[number].steps))
        return progress[number]

    def _found(self, words: Sequence[str]) -> Iterator[tuple[int, int, _Phrase]]:
        """The phrases of a text, with the places of their first and last words."""
        place = 0
        for at, word in enumerate(words):
            if word == STOP:
                place += GAP if at and words[at - 1] != STOP else 0  # an ellipsis ends one sentence
                continue
            phrase, last = _after(self._start, word), at
            if phrase is None and word in self._halves and words[at + 1 : at + 2] and words[at + 1] not in _SHORT_WORDS:
                phrase, last = self._start.following.get(word + words[at + 1]), at + 1
            while phrase is not None:
                if phrase.groups:
                    yield place, place + last - at, phrase
                last += 1
                phrase = _after(phrase, words[last]) if last < len(words) else None
            place += 1

    def _add(self, group: str, text: str) -> None:
        words = words_of(text)
        self._known |= {word for word in words if len(word) > 2}
        self._put(group, words)
        if len(words) == 2 and min(map(len, words)) > 2:  # "pipebomb"
            self._known.add("".join(words))
            self._put(group, ["".join(words)])

    def _put(self, group: str, words: Sequence[str]) -> None:
        phrase = self._start
        for word in words:
            phrase = phrase.following.setdefault(word, _Phrase())
        phrase.groups.add(group)
        first = words[0]
        self._halves |= {first[:end] for end in range(2, len(first) - 1)} - _SHORT_WORDS
        rules = list(enumerate(self.rules))
        phrase.exempts = [number for number, rule in rules if rule.exempt & phrase.groups]
        waiting = [(number, at) for number, rule in rules for at, step in enumerate(rule.steps) if step & phrase.groups]
        phrase.steps = sorted(waiting, key=lambda pair: -pair[1])


def _after(phrase: _Phrase, word: str) -> _Phrase | None:
    """Where a word leads, as it stands or as it is meant."""
    found = phrase.following.get(word)
    return phrase.following.get(spelt(word)) if found is None and not word.isalpha() else found
