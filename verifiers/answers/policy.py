"""What counts as equal where the field disagrees: named, switchable, and frozen into every judgement.

Published suites contradict one another (is 50 % the same as 50? is "4, 10, -2" the same as "10, 4, -2"?), so there is
no one truth, only a policy that is stated. The defaults are argued in docs/verifiers.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...core.errors import ConfigError
from ...core.options.typed import fits, hints_of

_CHOICES: dict[str, tuple[object, ...]] = {
    "percent": ("either", "value"),
    "degrees": ("either", "value"),
    "readings": ("any", "first"),
    "unfinished": ("none", "read"),
    "units": ("optional", "required", "ignored"),
    "order": ("free", "kept"),
    "assignment": ("optional", "required", "dropped"),
    "variables": ("named", "any"),
    "case": ("folded", "kept"),
    "modulus": ("optional", "required"),
    "bases": ("optional", "required"),
}

_WORDS = {
    "tuples": "true or false",
    "decimals": "a whole number or none",
    "tolerance": "a number in [0, 1)",
    "relations": "true or false",
}
"""What the other fields may be."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules of equality.

    Attributes:
        percent: "either" (50 % equals both 1/2 and 50) or "value" (only 1/2).
        degrees: "either" (90° equals both π/2 and 90) or "value" (only π/2).
        readings: "any" (what an answer may also be taken for counts: "x = 5" as 5, "(C) 12" as C and as 12) or "first"
            (only what is written, so that equality is transitive).
        unfinished: of an attempt whose thought was begun and never ended (`<think>` without `</think>`): "none" (it has
            no answer yet) or "read" (the thought is read as if it were the reply).
        units: "optional" (a unit may be missing on one side; two units must agree, after conversion), "required"
            (missing on one side only is a difference), "ignored" (5 m = 5 cm).
        order: of a bare list; "free" ("1, 2" = "2, 1") or "kept". Tuples are always ordered, sets never.
        tuples: whether a bare list may stand for a tuple in the same order ("1, 2" = "(1, 2)"), and a vector for both.
        assignment: "optional" ("x = 5" equals "5", but not "y = 5"), "required" (the name is part of the answer),
            "dropped" (names never matter).
        variables: "named" (x² is not y²) or "any" (the same up to renaming).
        case: of words; "folded" or "kept". Variables of different case always differ.
        decimals: a decimal with at least this many digits after the point equals the exact fraction that rounds to it
            (2.6667 = 8/3); `None` for never. Irrational numbers never equal a decimal, unless `tolerance` says so.
        tolerance: relative difference up to which constants are equal; 0.0 means exact.
        modulus: "optional" (x ≡ 5 (mod 7) equals 5 and 12, because the question names the modulus) or "required".
        bases: "required" (101₂ equals 5 only) or "optional" (also 101, where the question names the base).
        relations: whether an inequality may stand for the set it describes ("x > 5" = "(5, ∞)").
    """

    percent: Literal["either", "value"] = "either"
    degrees: Literal["either", "value"] = "either"
    readings: Literal["any", "first"] = "any"
    unfinished: Literal["none", "read"] = "none"
    units: Literal["optional", "required", "ignored"] = "optional"
    order: Literal["free", "kept"] = "free"
    tuples: bool = True
    assignment: Literal["optional", "required", "dropped"] = "optional"
    variables: Literal["named", "any"] = "named"
    case: Literal["folded", "kept"] = "folded"
    decimals: int | None = 4
    tolerance: float = 0.0
    relations: bool = True
    modulus: Literal["optional", "required"] = "optional"
    bases: Literal["optional", "required"] = "required"

    def __post_init__(self) -> None:
        for name, hint in hints_of(Policy).items():
            value = getattr(self, name)
            if name not in _CHOICES and not fits(value, hint):
                raise ConfigError(f"Policy.{name} must be {_WORDS[name]}, got {value!r:.80}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"Policy.{name} must be one of {choices}, got {getattr(self, name)!r}")
        if not 0.0 <= self.tolerance < 1.0:
            raise ConfigError(f"Policy.tolerance must be in [0, 1), got {self.tolerance!r}")
        if self.decimals is not None and self.decimals < 1:
            raise ConfigError(f"Policy.decimals must be at least 1 or None, got {self.decimals!r}")

    @classmethod
    def of(cls, given: Policy | Mapping[str, Any] | None = None, **fields: Any) -> Policy:
        """Build from a policy or mapping (`given`), or fields; math-verify's words (`strict`, `precision`,
        `allow_set_relation_comp`) are understood."""
        if isinstance(given, Policy):
            return dataclasses.replace(given, **_translated(fields))
        return cls(**_translated({**(given or {}), **fields}))

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def _translated(fields: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(fields)
    if "strict" in out:
        out["variables"] = "named" if out.pop("strict") else "any"
    if "precision" in out:
        out["decimals"] = out.pop("precision")
    if "allow_set_relation_comp" in out:
        out["relations"] = out.pop("allow_set_relation_comp")
    known = Policy.__slots__
    unknown = sorted(set(out) - set(known))
    if unknown:
        raise ConfigError(f"a policy has no field {', '.join(unknown)}; it has: {', '.join(known)}")
    return out


VOTE = Policy(
    percent="value",
    degrees="value",
    readings="first",
    units="required",
    tuples=False,
    assignment="dropped",
    decimals=None,
)
"""For classes of a vote, where equality must be transitive: every answer has one reading, and nothing is rounded.

`majority` unites more where it sees the whole group: 18 with $18, and 0.3333 with 1/3 (see `ensembles.classes`).
"""
