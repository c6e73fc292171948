"""`coalition`: members answer, their answers are voted on, and the answer that wins is given.

    majority          each member answers once for every completion; the answer that most give wins
    weighted          the most probable answer under Dawid–Skene for open answers: each counts by its reliability,
                      measured without labels on the prompts of the call (`core.coalitions.dawid_skene`)
    debate(turns=2)   every member then reads the answers of the others and answers again (multi-agent debate,
                      arXiv 2305.14325), turns − 1 times; the majority of the last turn wins

At the turn of a game the answers are the legal moves; where nobody answers, the most frequent text is given.
What is returned is the text of a member. Programs are no answers that a vote can compare: it takes values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ...core.coalitions.dawid_skene import measure_reliability, probabilities
from ...core.coalitions.members import Votes, ask_members, member_names, votes_of
from ...core.errors import ConfigError, UnknownNameError
from ...core.options import parse_named
from ...core.protocols import Agent, unreadable
from ...core.records import Question
from ...core.registries import agents, make_agent, make_domain, make_verifier
from ...core.seeding import fresh_seed, integer_seed
from ...core.turns.reading import legal_move

Member: TypeAlias = str | Mapping[str, Any] | Agent
MAJORITY, WEIGHTED, DEBATE = "majority", "weighted", "debate"
MOST_TURNS = 16


@runtime_checkable
class Debating(Protocol):
    """A template with words for members that are shown the answers of the others."""

    def debate(self, asked: str, own: str, others: Sequence[str]) -> str:
        """The prompt of a further turn."""
        ...


def coalition(
    members: Sequence[Member], how: str = MAJORITY, *, domain: str = "math", template: str = "plain"
) -> CoalitionAgent:
    """The registered agent "coalition"; it has a greedy mode if every member has one.

    Args:
        members: agents by name, by dict or as objects, or folders of models.
        how: "majority", "weighted", or "debate(turns=2)".
        domain: what words the turns of a debate.
        template: of these words.

    Raises:
        ConfigError: no members, an unknown one, another way, or a domain without words for a debate.
    """
    names = member_names(members)
    made = {name: _member(member) for name, member in zip(names, members, strict=True)}
    way, turns = _way(how)
    words: Any = make_domain(domain).template(template)
    if turns > 1 and not isinstance(words, Debating):
        raise ConfigError(f"domain {domain!r} has no words for a debate: its template needs debate(asked, own, others)")
    adjustable = all(hasattr(member, "with_settings") for member in made.values())
    return (AdjustableCoalition if adjustable else CoalitionAgent)(made, way, turns, words)


class CoalitionAgent:
    """Members that answer as one.

    Args:
        members: who answers, by name.
        way: how answers are weighed, "majority" or "weighted".
        turns: how often each member answers.
        words: of further turns.
    """

    name = "coalition"

    def __init__(self, members: Mapping[str, Agent], way: str, turns: int, words: Debating) -> None:
        self.members, self.way, self.turns, self.words = dict(members), way, turns, words
        self.vote = make_verifier("majority")

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """See `core.protocols.Agent`. The i-th completion is what the members' i-th answers come to."""
        if n < 1:
            raise ConfigError(f"n must be >= 1, got {n!r}")
        seed = fresh_seed() if seed is None else seed
        answers = ask_members(self.members, prompts, n=n, seed=seed)
        for turn in range(1, self.turns):
            answers = self._answered_again(prompts, answers, n, integer_seed(seed, "turn", turn))
        groups = [[row for own in answers.values() for row in own[i]] for i in range(len(prompts))]  # members × n texts
        owners = [place for place in range(len(self.members)) for _ in range(n)]
        classes = [self._classes(prompt, texts) for prompt, texts in zip(prompts, groups, strict=True)]
        votes = [votes_of(own, owners, len(self.members)) for own in classes]
        winners = self._winners(classes, votes, owners, n)
        return [
            [_spoken(texts[i::n], own[i::n], won) for i, won in enumerate(row)]
            for texts, own, row in zip(groups, classes, winners, strict=True)
        ]

    def unreadable(self, prompts: Sequence[str]) -> list[str | None]:
        """See `core.protocols.Reader`: a prompt that no member can read."""
        said = [unreadable(member, prompts) for member in self.members.values()]
        return [reasons[0] if all(reasons) else None for reasons in zip(*said, strict=True)]

    def _answered_again(
        self, prompts: Sequence[str], answers: Mapping[str, list[list[str]]], n: int, seed: int
    ) -> dict[str, list[list[str]]]:
        """One more turn: each member reads its own answer and those of the others."""
        found = {}
        for name, member in self.members.items():
            others = [given for other, given in answers.items() if other != name]
            asked = [
                self.words.debate(prompt, answers[name][i][j], [given[i][j] for given in others])
                for i, prompt in enumerate(prompts)
                for j in range(n)
            ]
            texts = [group[0] for group in ask_members({name: member}, asked, n=1, seed=seed)[name]]
            found[name] = [texts[i * n : (i + 1) * n] for i in range(len(prompts))]
        return found

    def _classes(self, prompt: str, texts: Sequence[str]) -> list[int | None]:
        """The class of each move or answer to a prompt, the larger class first; `None` for a non-answer."""
        moves = [legal_move(prompt, text) for text in texts]
        sizes = Counter(move for move in moves if move is not None)
        if sizes:
            shortest = {
                move: min(_length(text) for text, own in zip(texts, moves, strict=True) if own == move)
                for move in sizes
            }
            places = {move: i for i, move in enumerate(sorted(sizes, key=lambda one: (-sizes[one], shortest[one])))}
            return [None if move is None else places[move] for move in moves]
        return list(self.vote.judge(Question(prompt), texts).evidence["classes"])

    def _winners(
        self, classes: Sequence[Sequence[int | None]], votes: Sequence[Votes], owners: Sequence[int], n: int
    ) -> list[list[int | None]]:
        """The class that wins each completion of each prompt; `None` where nobody answers.

        Of classes with as many votes it is the one that is larger over all completions.
        """
        of_sample = [[votes_of(own[i::n], owners[i::n], len(self.members)) for i in range(n)] for own in classes]
        found = measure_reliability([one.counts for one in votes], len(self.members)) if self.way == WEIGHTED else None
        if found is not None and found.tells:
            flat = [one.counts for row in of_sample for one in row]
            scores = iter(probabilities(flat, found))
        else:
            scores = iter([[float(sum(row)) for row in one.counts] for samples in of_sample for one in samples])
        return [[_best(one, next(scores)) for one in row] for row in of_sample]


class AdjustableCoalition(CoalitionAgent):
    """A coalition of members whose sampling can be changed."""

    def with_settings(self, *, temperature: float) -> CoalitionAgent:
        """The same members sampling at another temperature; 0 is greedy."""
        adjusted: dict[str, Any] = dict(self.members)
        adjusted = {name: one.with_settings(temperature=temperature) for name, one in adjusted.items()}
        return AdjustableCoalition(adjusted, self.way, self.turns, self.words)


def _best(votes: Votes, scores: Sequence[float]) -> int | None:
    ranked = sorted(zip(votes.classes, scores, strict=True), key=lambda one: (-round(one[1], 12), one[0]))
    return ranked[0][0] if ranked else None


def _spoken(texts: Sequence[str], classes: Sequence[int | None], winner: int | None) -> str:
    """The shortest text in the winning class, whoever wrote it; where nobody answers, the text that most wrote."""
    chosen = [text for text, c in zip(texts, classes, strict=True) if c == winner]
    if winner is not None:
        return min(chosen, key=_length)
    written = Counter(text.strip().casefold() for text in chosen)
    written.pop("", None)
    return min(chosen, key=lambda text: (-written[text.strip().casefold()], _length(text)))


def _length(text: str) -> tuple[int, str]:
    """The shortest text first, then by the alphabet."""
    return len(text), text


def _way(how: str) -> tuple[str, int]:
    """How answers are weighed, and how often each member answers."""
    named = parse_named(how)
    if named.name != DEBATE:
        if named.name not in (MAJORITY, WEIGHTED):
            raise UnknownNameError("way of a coalition", named.name, (MAJORITY, WEIGHTED, DEBATE))
        if named.leading or named.options:
            raise ConfigError(f"how={how!r}: {named.name} has no options")
        return named.name, 1
    turns = named.options.get("turns", 2)
    if named.leading or set(named.options) - {"turns"} or isinstance(turns, bool) or not isinstance(turns, int):
        raise ConfigError(f"a debate is written debate(turns=2), got how={how!r}")
    if not 2 <= turns <= MOST_TURNS:
        raise ConfigError(f"turns of a debate must be in 2..{MOST_TURNS}, got {turns!r}")
    return MAJORITY, turns


def _member(member: Member) -> Agent:
    """An agent; a folder that holds a model is one."""
    if isinstance(member, str) and not agents.knows(member) and Path(member).is_dir():
        return make_agent(f"llm:{member}")
    return make_agent(member)
