"""What the policies of a run's roles refuse: every refused text goes to `refusals.jsonl`, and each stage is counted.

All that a role writes for questions, labels and training passes its policy (`roles.X.policy`), and so do the questions
of other sources, which count with the challenger's. Exams and validations measure, and are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec

from ...core.errors import RunError
from ...core.protocols import OutputPolicy, rulings
from ...core.records import Ruling
from ...core.registries import make_policy
from ...envs.game.screening import allowed, ruled_groups
from ..settings.role import RoleConfig

NONE = ("none", {"name": "none"})
"""How the settings say that nothing is looked at."""


@dataclass(slots=True)
class Counts:
    """What became of a role's texts in one stage.

    Attributes:
        checked: how many were looked at, or should have been.
        refused: of these, refused.
        codes: of the refused ones and of those that nobody could look at, how many have each code.
    """

    checked: int = 0
    refused: int = 0
    codes: dict[str, int] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Add those of another stage."""
        self.checked += other.checked
        self.refused += other.refused
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count

    @property
    def shown_codes(self) -> str:
        """The codes for people: "S1 2, S9 1"."""
        return ", ".join(f"{code} {count:,}" for code, count in sorted(self.codes.items()))


class Refusals:
    """The policies of a run, and the count of the present stage.

    Args:
        roles: who plays, with their settings.
        here: where the run stands, as rows of its logs have it.
        state: of a run that goes on.

    Attributes:
        policies: by role; roles whose texts nobody looks at are missing.

    Raises:
        ConfigError: no such policy.
        RunError: no such state.
    """

    def __init__(
        self, roles: Mapping[str, RoleConfig], here: Callable[[], Mapping[str, Any]], state: Mapping[str, Any]
    ) -> None:
        try:
            self.counts = msgspec.convert(state, dict[str, Counts])
        except msgspec.ValidationError as error:
            raise RunError(f"refusals in state.json cannot be used: {error}") from None
        self._here, self._rows = here, list[dict[str, Any]]()
        self.policies: dict[str, OutputPolicy] = {
            name: _Counted(make_policy(row.policy), self) for name, row in roles.items() if row.policy not in NONE
        }

    def allowed(self, role: str, asked: Sequence[str], groups: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The answers of a role in `groups[i]` to `asked[i]`, with an empty text in place of each refused one."""
        policy = self.policies.get(role)
        if policy is None:
            return list(groups)
        return [allowed(*pair) for pair in zip(groups, ruled_groups(policy, role, asked, groups), strict=True)]

    def add(self, role: str, texts: Sequence[str], found: Sequence[Ruling]) -> None:
        """Count rulings, and keep what was refused or not looked at for the log."""
        counts = self.counts.setdefault(role, Counts())
        counts.checked += len(texts)
        for text, ruling in zip(texts, found, strict=True):
            if ruling.code:
                counts.add(Counts(0, int(ruling.refused), {ruling.code: 1}))
                said = {"code": ruling.code, "why": ruling.why, "refused": ruling.refused}
                self._rows.append({**self._here(), "role": role, **said, "text": text})

    def take_rows(self) -> list[dict[str, Any]]:
        """What the log has still to get."""
        rows, self._rows = self._rows, []
        return rows

    def end_stage(self) -> dict[str, Any]:
        """The measures of the stage that is over, and begin the next one; empty where nothing was looked at."""
        counts, self.counts = self.counts, {}
        return {"policy": _as_dicts(counts)} if counts else {}

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on, as plain JSON values."""
        return _as_dicts(self.counts)


class _Counted:
    """A policy whose rulings are counted."""

    def __init__(self, policy: OutputPolicy, refusals: Refusals) -> None:
        self.policy, self.refusals = policy, refusals

    def check(self, text: str, role: str) -> Ruling:
        return self.check_many([text], role)[0]

    def check_many(self, texts: Sequence[str], role: str, asked: Sequence[str] = ()) -> list[Ruling]:
        found = rulings(self.policy, texts, role, asked)
        self.refusals.add(role, texts, found)
        return found


def _as_dicts(counts: Mapping[str, Counts]) -> dict[str, Any]:
    return {role: asdict(own) for role, own in sorted(counts.items())}
