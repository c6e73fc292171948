"""The members of a coalition: their names, what each answers, and their votes for classes of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import count
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..options import write_named
from ..protocols import Agent
from ..protocols.completions import completions_of
from ..seeding import integer_seed

SOLVER = "solver"
"""The member of a coalition that labels whose answers are the attempts that are judged."""


class Votes(NamedTuple):
    """The votes on one question.

    Attributes:
        classes: the classes of answers that somebody voted for, ascending.
        counts: of each of these, how many answers of each member are in it.
    """

    classes: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


def member_names(members: Sequence[Any]) -> list[str]:
    """A different name for each member: as it was given, numbered where several are alike; different ones stay.

    Where a live agent has the name that another member is given by, it is the agent that is numbered.

    Args:
        members: names, dicts with a name and options, or live agents.

    Raises:
        ConfigError: there is no member, or something else than a list of them.
    """
    if isinstance(members, str | Mapping) or not isinstance(members, Sequence) or not members:
        raise ConfigError(
            f"members must be a list of at least one agent, as in members=[tiny, oracle]; got {members!r}"
        )
    written = [written_name(member) for member in members]
    bare = [
        str(getattr(member, "name", "") or type(member).__name__) if name is None else name
        for name, member in zip(written, members, strict=True)
    ]
    taken, used, names = set(bare), set(), list(bare)
    for place in sorted(range(len(bare)), key=lambda place: written[place] is None):
        if bare[place] in used:
            free = (f"{bare[place]}#{number}" for number in count(2))
            names[place] = next(name for name in free if name not in taken)
        taken.add(names[place])
        used.add(names[place])
    return names


def written_name(member: Any) -> str | None:
    """What a member is called that is given as text or as a dict, options included; `None` for a live agent."""
    return write_named(member).strip() if isinstance(member, str | Mapping) else None


def ask_members(
    agents: Mapping[str, Agent], prompts: Sequence[str], *, n: int, seed: int, path: str = "coalition"
) -> dict[str, list[list[str]]]:
    """`n` answers of each member to each prompt, from a stream of the member's own, so that their order is nothing.

    Raises:
        PluginError: a member gave something else than so many texts.
    """
    if not prompts:
        return {name: [] for name in agents}
    return {
        name: completions_of(agent, prompts, n=n, seed=integer_seed(seed, path, name)) for name, agent in agents.items()
    }


def votes_of(classes: Sequence[int | None], owners: Sequence[int | None], members: int) -> Votes:
    """Votes counted.

    Args:
        classes: of each answer to a question; `None` for a non-answer, which is no vote.
        owners: which member gave it; `None` for somebody who has no vote.
        members: how many there are.
    """
    found: dict[int, list[int]] = {}
    for c, owner in zip(classes, owners, strict=True):
        if c is not None and owner is not None:
            found.setdefault(c, [0] * members)[owner] += 1
    return Votes(tuple(sorted(found)), tuple(tuple(found[c]) for c in sorted(found)))


def equal_shares(votes: Votes, made: Sequence[int]) -> list[float]:
    """Of each class its share of the votes, where every member has one voice, which its non-answers waste.

    Rounded once: a share of four fifths is the number 0.8 and passes where 0.8 is the least.

    Args:
        made: how many answers each member gave, non-answers included.
    """
    voices = ([Fraction(n, max(1, of)) for n, of in zip(row, made, strict=True)] for row in votes.counts)
    return [float(sum(own, Fraction()) / len(made)) for own in voices]
