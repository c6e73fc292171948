"""What a server answered, read strictly: tokens that the model has, each with its log-probability."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...inference.interface.samples import Policy, Samples
from ..http_client import ServerError


@dataclass(frozen=True)
class Completion:
    """One completion: tokens with their log-probabilities (NaN where unknown), and whether the model ended it."""

    tokens: list[int]
    logps: list[float]
    finished: bool


UNREAD = Completion([], [], False)
"""Of a prompt that the model cannot read."""

FINISHED = {"stop": True, "length": False}
"""Reasons why a completion is over → whether the model ended it. A completion with another one is none."""


@dataclass(frozen=True)
class Reading:
    """How the choices of one request are read.

    Attributes:
        url: who was asked, for messages.
        most: tokens of a completion, at most.
        vocabulary: how many tokens the model has; `None` where nobody knows.
        needs_logps: whether each token needs a log-probability; else it is NaN where there is none.
    """

    url: str
    most: int
    vocabulary: int | None
    needs_logps: bool = True

    def completion(self, tokens: Any, logps: Any, reason: Any) -> Completion:
        """One completion.

        Raises:
            ServerError: it cannot be learnt from; says why.
        """
        if reason not in FINISHED:
            raise ServerError(f"{self.url} ended a completion with {reason!r:.80}, expected 'stop' or 'length'")
        if not isinstance(tokens, list) or not tokens or not all(map(_is_whole, tokens)):
            raise ServerError(f"{self.url} gave no token ids: {tokens!r:.80}")
        end = math.inf if self.vocabulary is None else self.vocabulary
        other = next((token for token in tokens if not 0 <= token < end), None)
        if other is not None:
            raise ServerError(
                f"{self.url} gave the token {other}, and the model in training has {self.vocabulary}: does it serve "
                "the same model?"
            )
        if len(tokens) > self.most:
            raise ServerError(f"{self.url} gave {len(tokens)} tokens where at most {self.most} were asked for")
        if not isinstance(logps, list) or len(logps) != len(tokens) or not all(map(_is_logp, logps)):
            if not self.needs_logps:
                return Completion(list(tokens), [math.nan] * len(tokens), FINISHED[reason])
            raise ServerError(
                f"{self.url} gave no finite log-probability for each of {len(tokens)} tokens: {logps!r:.80}"
            )
        return Completion(list(tokens), [min(float(one), 0.0) for one in logps], FINISHED[reason])


def choices_of(url: str, given: Any, n: int) -> list[Mapping[str, Any]]:
    """The choices of an answer, in their order.

    Raises:
        ServerError: they are not the `n` that were asked for.
    """
    if not isinstance(given, list) or len(given) != n or not all(isinstance(one, Mapping) for one in given):
        raise ServerError(f"{url} gave {given!r:.200} where {n} choices were asked for")
    numbers = [one.get("index", at) for at, one in enumerate(given)]
    if sorted(numbers, key=str) != sorted(range(n), key=str):
        raise ServerError(f"{url} numbered its choices {numbers!r:.80}, expected each of 0 to {n - 1} once")
    return [one for _, one in sorted(zip(numbers, given, strict=True), key=lambda pair: pair[0])]


def assemble(
    prompt_ids: Sequence[Sequence[int]], completions: Sequence[Completion], drawn_by: Sequence[Policy] | None = None
) -> Samples:
    """Ragged completions, all of the first prompt first, as `Samples` without texts."""
    lengths = torch.tensor([len(c.tokens) for c in completions], dtype=torch.int64)
    width = int(lengths.max()) if len(completions) else 0
    tokens = torch.zeros(len(completions), width, dtype=torch.int64)
    logps = torch.zeros(len(completions), width)
    for row, completion in enumerate(completions):
        tokens[row, : len(completion.tokens)] = torch.tensor(completion.tokens)
        logps[row, : len(completion.tokens)] = torch.tensor(completion.logps)
    return Samples(
        texts=[[] for _ in prompt_ids],
        prompt_ids=[list(ids) for ids in prompt_ids],
        tokens=tokens,
        logps=logps,
        lengths=lengths,
        finished=torch.tensor([c.finished for c in completions], dtype=torch.bool),
        drawn_by=None if drawn_by is None else tuple(drawn_by),
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_logp(value: Any) -> bool:
    """A log-probability, which rounding may put a little above 0."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and value < 1e-2
