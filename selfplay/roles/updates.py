"""How a role of a run learns: its update, made from the settings, with the steps and learning rates that follow."""

from __future__ import annotations

from ...core.protocols import Update
from ...core.registries import make_update
from ..settings.role import RoleConfig


def update_of(row: RoleConfig) -> Update:
    """The update that the settings of a role name.

    Raises:
        UnknownNameError: nobody registered such an update.
        ConfigError: it does not take these options.
    """
    return make_update(row.update)


def steps_of(row: RoleConfig) -> int:
    """Training steps of a round."""
    return update_of(row).steps(row.steps)


def rate_of(row: RoleConfig) -> float:
    """The learning rate at the first step of a round, before the guard scales it."""
    update = update_of(row)
    return update.rate(row.grpo.learning_rate, 0, update.steps(row.steps))
