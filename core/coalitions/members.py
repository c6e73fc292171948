"""The members of a coalition: their names, what each answers, and their votes for classes of answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import ConfigError
from ..options import write_named
from ..protocols import Agent
from ..protocols.completions import completions_of
from ..seeding import integer_seed


class Votes(NamedTuple):
    """The votes on one question.

    Attributes:
        classes: the classes of answers that somebody voted for, ascending.
        counts: of each of these, how many answers of each member are in it.
    """

    classes: tuple[int, ...]
    counts: tuple[tuple[int, ...], ...]


def member_names(members: Sequence[Any]) -> list[str]:
    """A different name for each member: as it was given, numbered where several are alike.

    Args:
        members: names, dicts with a name and options, or live agents.

    Raises:
        ConfigError: there is no member, or something else than a list of them.
    """
    if isinstance(members, str | Mapping) or not isinstance(members, Sequence) or not members:
        raise ConfigError(
            f"members must be a list of at least one agent, as in members=[tiny, oracle]; got {members!r}"
        )
    bare = [_name(member) for member in members]
    seen: Counter[str] = Counter()
    names = []
    for name in bare:
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
    return names


def _name(member: Any) -> str:
    if isinstance(member, str | Mapping):
        return write_named(member).strip()
    return str(getattr(member, "name", "") or type(member).__name__)


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
