"""Attempts of several turns: a model writes, an environment answers, the model goes on from the very tokens it wrote.

An attempt is one sequence: prompt, own tokens, the environment's, own tokens again … . What the model wrote is never
turned into text and back, so the tokens that are trained are those that were sampled, with their log-probabilities;
`Samples.own` is 1 on them and 0 on the environment's. The text of an attempt is that of its last turn.

Every turn reads the sequence from its start again: no keys and values are kept from one turn to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from ...core.errors import PluginError
from ...core.seeding import fresh_seed, integer_seed
from .interface.samples import Sampler, Samples, SamplingSettings


class Exchange(Protocol):
    """What a model talks with.

    Attributes:
        turns: the most that the model writes in one attempt, ≥ 1.
        hint: what is put behind a prompt, so that the model knows; "" for nothing.
    """

    turns: int
    hint: str

    def reply(self, prompts: Sequence[str], written: Sequence[Sequence[str]]) -> Sequence[str | None]:
        """What is said after the last turn of each attempt; `None` where nothing is, and the attempt is over.

        Args:
            prompts: what was asked, without the hint.
            written: the turns of each attempt so far; never empty.
        """
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the model: the text that it read last (the prompt, or the environment's words), and what it wrote."""

    read: str
    wrote: str


@dataclass(frozen=True)
class Conversing:
    """How an agent holds conversations.

    Attributes:
        exchange: with whom.
        listener: hears of the turns of every attempt of a call, in the order of the samples.
    """

    exchange: Exchange
    listener: Callable[[list[list[Said]]], None] = lambda attempts: None


class Conversation:
    """One call of a sampler per turn, for all attempts together.

    Args:
        sampler: of the model.
        decode: tokens of completions → their texts.
        following: the environment's words as the tokens that come between two turns.
        conversing: with whom.
    """

    def __init__(
        self,
        sampler: Sampler,
        decode: Callable[[list[list[int]]], list[str]],
        following: Callable[[str, int], list[int]],
        conversing: Conversing,
    ) -> None:
        self.sampler, self.decode, self.following, self.conversing = sampler, decode, following, conversing

    def sample(
        self,
        prompts: Sequence[str],
        prompt_ids: Sequence[Sequence[int]],
        *,
        n: int,
        settings: SamplingSettings,
        seed: int | None,
    ) -> Samples:
        """Attempts at prompts, `n` each; rows as of `Sampler.sample`. An attempt is over when the environment says
        nothing, when a turn was cut off, when there is no room in the context, or after the last turn.

        Raises:
            PluginError: the environment did not answer each attempt.
        """
        seed = fresh_seed() if seed is None else seed
        first = self.sampler.sample(prompt_ids, n=n, settings=settings, seed=seed)
        rows = _Rows(first, n)
        texts = self._texts(first)
        said = [[Said(prompts[row // n], text)] for row, text in enumerate(texts)]
        for turn in range(1, self.conversing.exchange.turns):
            going = [row for row in range(len(said)) if rows.finished[row] and rows.own_length[row]]
            replies = self._replies([prompts[row // n] for row in going], [said[row] for row in going])
            answered = {row: reply for row, reply in zip(going, replies, strict=True) if reply is not None}
            if not answered:
                break
            asked: list[list[int]] = [[] for _ in said]  # others have no prompt, and so no completion
            between = {row: self.following(reply, rows.tokens[row][-1]) for row, reply in answered.items()}
            for row, words in between.items():
                asked[row] = [*prompt_ids[row // n], *rows.tokens[row], *words]
            drawn = self.sampler.sample(asked, n=1, settings=settings, seed=integer_seed(seed, "turn", turn))
            for row, text in enumerate(self._texts(drawn)):
                if row in answered and int(drawn.lengths[row]):
                    rows.add(row, between[row], drawn)
                    said[row].append(Said(answered[row], text))
                elif row in answered:
                    rows.finished[row] = False  # no room is left for an answer
        self.conversing.listener(said)
        return rows.samples(first, [[said[u * n + i][-1].wrote for i in range(n)] for u in range(len(prompt_ids))])

    def _texts(self, drawn: Samples) -> list[str]:
        rows = zip(drawn.tokens.tolist(), drawn.lengths.tolist(), strict=True)
        return self.decode([row[:length] for row, length in rows])

    def _replies(self, prompts: list[str], said: list[list[Said]]) -> Sequence[str | None]:
        if not prompts:
            return []
        exchange = self.conversing.exchange
        replies = exchange.reply(prompts, [[turn.wrote for turn in turns] for turns in said])
        if len(replies) != len(prompts):
            raise PluginError(f"{type(exchange).__name__} answered {len(replies)} attempts of {len(prompts)}")
        return replies


class _Rows:
    """The attempts as they grow."""

    def __init__(self, first: Samples, n: int) -> None:
        lengths = first.lengths.tolist()
        self.tokens = [row[:length] for row, length in zip(first.tokens.tolist(), lengths, strict=True)]
        self.logps = [row[:length] for row, length in zip(first.logps.tolist(), lengths, strict=True)]
        self.own = [[1] * length for length in lengths]
        self.own_length = lengths
        self.finished: list[bool] = first.finished.tolist()

    def add(self, row: int, between: list[int], drawn: Samples) -> None:
        """One more turn of an attempt, with the environment's tokens before it."""
        length = int(drawn.lengths[row])
        self.tokens[row] += [*between, *drawn.tokens[row, :length].tolist()]
        self.logps[row] += [*[0.0] * len(between), *drawn.logps[row, :length].tolist()]
        self.own[row] += [*[0] * len(between), *[1] * length]
        self.finished[row] = bool(drawn.finished[row])

    def samples(self, first: Samples, texts: list[list[str]]) -> Samples:
        """All attempts as the samples of one call."""
        device = first.tokens.device
        lengths = torch.tensor([len(row) for row in self.tokens], dtype=torch.int64, device=device)
        width = int(lengths.max()) if len(lengths) else 0

        def padded(rows: Sequence[Sequence[float]], like: Tensor) -> Tensor:
            out = torch.zeros(len(rows), width, dtype=like.dtype)
            for at, row in enumerate(rows):
                out[at, : len(row)] = torch.tensor(row, dtype=like.dtype)
            return out.to(device)

        return replace(
            first,
            texts=texts,
            tokens=padded(self.tokens, first.tokens),
            logps=padded(self.logps, first.logps),
            own=padded(self.own, first.logps),
            lengths=lengths,
            finished=torch.tensor(self.finished, dtype=torch.bool, device=device),
            activations=None,
        )
