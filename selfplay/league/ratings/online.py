"""Ratings that follow the games one by one, for the next match: openskill's Plackett–Luce (arXiv 2401.05451).

They depend on the order of games, and so follow a player that learns; the table does not use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....core.errors import MissingExtraError, RunError

WON, DRAWN, LOST = "w", "d", "l"


class OnlineRatings:
    """Mean and deviation of every player's strength.

    Args:
        state: of `state_dict`, to go on from.

    Raises:
        MissingExtraError: openskill is not installed.
        RunError: no such state.
    """

    def __init__(self, state: Mapping[str, Sequence[float]] | None = None) -> None:
        try:
            from openskill.models import PlackettLuce
        except ImportError:
            raise MissingExtraError("openskill", "league", "a league") from None
        self._model = PlackettLuce()
        self._players: dict[str, Any] = {}
        for name, pair in (state or {}).items():
            if len(pair) != 2 or not pair[1] > 0:
                raise RunError(f"the rating of {name!r} must be a mean and a deviation, got {pair!r:.80}")
            self._players[name] = self._model.rating(mu=float(pair[0]), sigma=float(pair[1]))

    def play(self, first: str, second: str, results: Iterable[str]) -> None:
        """Games in order, each "w", "d" or "l" as the first player sees it."""
        one, other = self._of(first), self._of(second)
        for result in results:
            ranks = {WON: [0.0, 1.0], DRAWN: [0.0, 0.0], LOST: [1.0, 0.0]}[result]
            (one,), (other,) = self._model.rate([[one], [other]], ranks=ranks)
        self._players[first], self._players[second] = one, other

    def chance(self, first: str, second: str) -> float:
        """Chance in [0, 1] that the first beats the second; ½ where both are unknown."""
        return float(self._model.predict_win([[self._of(first)], [self._of(second)]])[0])

    def state_dict(self) -> dict[str, list[float]]:
        """All that is needed to go on, as plain JSON values."""
        return {name: [rating.mu, rating.sigma] for name, rating in sorted(self._players.items())}

    def _of(self, name: str) -> Any:
        return self._players.get(name) or self._model.rating()
