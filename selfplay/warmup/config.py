"""What every warm-up has: its seed, its length, its rate; and what a corpus is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ...core.errors import ConfigError


class Corpus(Protocol):
    """The examples of a warm-up, a function of its settings alone."""

    def batch(self, step: int) -> list[tuple[str, str]]:
        """The (prompt, completion) pairs of one step."""
        ...


@dataclass(frozen=True, slots=True)
class WarmupConfig:
    """Settings that every warm-up has; each corpus adds its own."""

    seed: int = 0
    """Root of all randomness."""
    steps: int = 2400
    """Optimiser steps."""
    batch: int = 128
    """Examples per step."""
    learning_rate: float = 2e-3
    """Peak learning rate."""

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 1:
            raise ConfigError(f"steps and batch must be >= 1, got {self.steps!r} and {self.batch!r}")


@dataclass(frozen=True, slots=True)
class ScratchConfig(WarmupConfig):
    """Settings of a warm-up that begins with random weights."""

    positions: str = "rope"
    """How the model tells positions apart: by rotation ("rope"), or by the causal mask alone ("nope")."""


def check_shares(config: WarmupConfig, *names: str) -> None:
    """Refuse a field that is no share.

    Raises:
        ConfigError: names the field and its value.
    """
    for name in names:
        if not 0.0 <= getattr(config, name) <= 1.0:
            raise ConfigError(f"{name} must be in [0, 1], got {getattr(config, name)!r}")
