"""The ways in which roles may share weights, by name: what settings and builders both check. No torch is loaded."""

from __future__ import annotations

from ...core.errors import UnknownNameError

WEIGHT_SHARING = ("copies", "lora", "prompt", "tokens")
TRUNKS = ("frozen", "trained")


def check_sharing(weight_sharing: str, trunk: str = "frozen") -> None:
    """Refuse what is not on the lists.

    Raises:
        UnknownNameError: with the nearest name that is.
    """
    if weight_sharing not in WEIGHT_SHARING:
        raise UnknownNameError("weight_sharing", weight_sharing, WEIGHT_SHARING)
    if trunk not in TRUNKS:
        raise UnknownNameError("trunk", trunk, TRUNKS)


def shares_weights(weight_sharing: str, trunk: str = "frozen") -> bool:
    """Whether training one role moves weights the other acts with, by the settings `weight_sharing` and `trunk` of a
    role. Such roles are saved together: one checkpoint holds all of them."""
    check_sharing(weight_sharing, trunk)
    return weight_sharing in ("prompt", "tokens") or (weight_sharing == "lora" and trunk == "trained")
