"""What a run has computed, in tokens: by role within a stage, and how much of it counts as training.

    counted = FORWARD · sampled + (FORWARD + BACKWARD) · trained

A sampled token goes through the model once; one that is trained on goes forward once more, and backward, which costs
twice a forward pass (arXiv 2001.08361, section 2.1). Left out of the sum: prompts, which are read once for all
completions of a group, the forward pass of a KL reference, exams and validations. Equal settings give equal counts on
any machine; processor time is told apart, and goes to `timings.jsonl`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ...core.errors import RunError

if TYPE_CHECKING:
    from ..roles.role import Role

FORWARD, BACKWARD = 1, 2
"""What a pass costs per token, in forward passes."""


@dataclass(slots=True)
class RoleTokens:
    """The tokens of one role in one stage.

    Attributes:
        read, sampled, trained: see `TokenCount`; without exams and validations.
        examined: sampled in these.
    """

    read: int = 0
    sampled: int = 0
    trained: int = 0
    examined: int = 0

    @property
    def counted(self) -> int:
        """What counts as training."""
        return FORWARD * self.sampled + (FORWARD + BACKWARD) * self.trained

    def measures(self) -> dict[str, int]:
        """All of it, as a log has it."""
        return {**asdict(self), "counted": self.counted}


def cpu_seconds() -> float:
    """Processor time of this process and of those it started, once they have ended; of `torchrun`'s others nothing."""
    return sum(os.times()[:4])


class State(msgspec.Struct, forbid_unknown_fields=True):
    """`compute` in `state.json`: counted tokens of the round's stages that are over, the present one by role, and the
    names of what counts once a round, however often it is done."""

    before: int = 0
    stage: dict[str, RoleTokens] = {}
    once: list[str] = []


class Compute:
    """The tokens of the present round. Agents count for themselves; what they have counted is collected here.

    Args:
        most: counted tokens that a round may have; 0 means any number.
        state: of a run that goes on.

    Raises:
        RunError: no such state.
    """

    def __init__(self, most: int, state: Mapping[str, Any]) -> None:
        try:
            self._state = msgspec.convert(state, State)
        except msgspec.ValidationError as error:
            raise RunError(f"compute in state.json cannot be used: {error}") from None
        self.most = most
        self._examines = False

    @property
    def counted(self) -> int:
        """Counted tokens of the round so far, as far as they were collected."""
        return self._state.before + sum(tokens.counted for tokens in self._state.stage.values())

    @property
    def is_spent(self) -> bool:
        """Whether the round has had its tokens."""
        return 0 < self.most <= self.counted

    def collect(self, roles: Mapping[str, Role]) -> None:
        """Add what the agents of these roles have counted since the last time; one that does not count adds nothing."""
        for name, role in roles.items():
            if not hasattr(role.agent, "counted"):
                continue
            found = role.agent.counted.take()
            own = self._state.stage.setdefault(name, RoleTokens())
            own.trained += found.trained
            if self._examines:
                own.examined += found.sampled
            else:
                own.read += found.read
                own.sampled += found.sampled

    @contextmanager
    def examining(self, roles: Mapping[str, Role]) -> Iterator[None]:
        """What is sampled inside belongs to an exam or a validation."""
        outside = self._examines
        self.collect(roles)
        self._examines = True
        try:
            yield
            self.collect(roles)
        finally:
            self._examines = outside

    @contextmanager
    def counting_once(self, roles: Mapping[str, Role], what: str) -> Iterator[None]:
        """What is done inside counts once a round: a resumed run does it again, and yet counts what a whole one does.

        Args:
            what: names it.
        """
        self.collect(roles)
        yield
        if what not in self._state.once:
            self._state.once.append(what)
            return
        for role in roles.values():
            if hasattr(role.agent, "counted"):
                role.agent.counted.take()

    def end_stage(self) -> dict[str, Any]:
        """The measures of the stage that is over, and begin the next one; empty where nobody computed."""
        busy = {name: tokens for name, tokens in sorted(self._state.stage.items()) if tokens != RoleTokens()}
        self._state = State(before=self.counted, once=self._state.once)
        if not busy:
            return {}
        by_role = {name: tokens.measures() for name, tokens in busy.items()}
        sums = {f"tokens_{name}": sum(one[name] for one in by_role.values()) for name in RoleTokens().measures()}
        return {**sums, "by_role": by_role}

    def begin_round(self) -> None:
        """Count from 0 again."""
        self._state = State()

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on, as plain JSON values."""
        stage = {name: asdict(tokens) for name, tokens in sorted(self._state.stage.items())}
        return {"before": self._state.before, "stage": stage, "once": list(self._state.once)}
