"""A sampler that asks a server, several prompts at a time, and knows which version of the policy answered."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from ....core.seeding import fresh_seed, integer_seed
from ...inference.interface.samples import Policy, Samples, SamplingSettings
from ..http_client import ServerError
from .adapters import AdapterVersions
from .answers import UNREAD, Completion, assemble


class Server(Protocol):
    """A model server.

    Attributes:
        url: for messages.
    """

    url: str

    def abort(self) -> None:
        """End what is under way."""
        ...

    @property
    def base(self) -> str:
        """What to ask for where no adapter is meant."""
        ...

    def complete(
        self, prompt: Sequence[int], n: int, room: int, settings: SamplingSettings, seed: int, name: str
    ) -> tuple[str, list[Completion]]:
        """Who answered, and `n` completions of at most `room` tokens, each with its tokens' log-probabilities."""
        ...


class ServerSampler:
    """Samples from a server, which takes over the adapter of a role whenever training has moved it.

    Args:
        server: how it is asked.
        versions: of the role's adapter; `None` for a role that does not learn and plays as the server's base model.
        context: how many tokens the model reads; `None` leaves that to the server.
        parallel: requests under way at once.
        max_staleness: versions that the answers of training steps may be behind.

    An answer that is further behind, or of somebody else, is an error: it never trains. What is not a training step
    (labels, exams) is always answered by the newest weights.
    """

    on_policy = False
    keeps_activations = False

    def __init__(
        self,
        server: Server,
        versions: AdapterVersions | None,
        *,
        context: int | None,
        parallel: int = 16,
        max_staleness: int = 0,
    ) -> None:
        self.server, self.versions, self.context, self.parallel = server, versions, context, parallel
        self.follows = versions is not None
        self.allowed, self._in_training = 0, max_staleness

    def for_training(self) -> ServerSampler:
        """The same for the steps of training, whose answers may be behind."""
        twin = copy.copy(self)
        twin.allowed = self._in_training
        return twin

    def sample(
        self, prompt_ids: Sequence[Sequence[int]], *, n: int, settings: SamplingSettings, seed: int | None
    ) -> Samples:
        """See `inference.interface.samples.Sampler`. Equal seeds give equal samples if the server keeps that promise.

        Raises:
            ServerError: the adapter was not taken over, or an answer is missing, damaged, or too far behind.
        """
        root = fresh_seed() if seed is None else seed
        name = self.server.base if self.versions is None else self.versions.served(self.allowed)
        with ThreadPoolExecutor(self.parallel) as pool:
            asked = [
                pool.submit(self._answered, list(ids), n, settings, integer_seed(root, "server", at) % 2**31, name)
                for at, ids in enumerate(prompt_ids)
            ]
            try:
                found = [one.result() for one in asked]
            except BaseException:  # also Ctrl-C: what has not begun is not sent, what is under way ends
                pool.shutdown(wait=False, cancel_futures=True)
                self.server.abort()
                raise
        drawn_by = [policy for policy, _ in found for _ in range(n)]
        return assemble(prompt_ids, [one for _, group in found for one in group], drawn_by if self.follows else None)

    def close(self) -> None:
        """Take the role's adapters from the server."""
        if self.versions is not None:
            self.versions.close()

    def _answered(
        self, ids: list[int], n: int, settings: SamplingSettings, seed: int, name: str
    ) -> tuple[Policy, list[Completion]]:
        """The completions of one prompt, and who wrote them."""
        left = settings.max_new_tokens if self.context is None else self.context - len(ids)
        room = min(settings.max_new_tokens, left)
        if not ids or room < 1:
            return self._policy(name, name), [UNREAD] * n
        loads = 0 if self.versions is None else self.versions.loads
        try:
            answered, found = self.server.complete(ids, n, room, settings, seed, name)
        except ServerError as error:
            if error.status != 404 or self.versions is None:
                raise
            self.versions.lost(loads)
            answered, found = self.server.complete(ids, n, room, settings, seed, name)
        return self._policy(answered, name), found

    def _policy(self, answered: str, name: str) -> Policy:
        """Who answered, if that may be used.

        Raises:
            ServerError: somebody else, or one too far behind.
        """
        if self.versions is None:
            if answered != name:
                raise ServerError(f"{self.server.url} answered as {answered!r:.80}, asked was {name!r:.80}")
            return Policy(answered, 0)
        policy = self.versions.policy(answered)
        if policy is None:
            raise ServerError(
                f"{self.server.url} answered as {answered!r:.80}, which is no version of this role: its answers would "
                "be those of other weights"
            )
        if policy.behind > self.allowed:
            raise ServerError(
                f"{self.server.url} answered with {policy.name}, {policy.behind} versions behind, and "
                f"max_staleness={self.allowed}: do all servers behind this address take adapters over?"
            )
        return policy
