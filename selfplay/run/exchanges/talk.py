"""The solver's attempts over several turns in a run: whom it talks with, about which question, and what was said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ....core.errors import ConfigError
from ....core.options import parse_named
from ....core.protocols import Verifier
from ....core.records import Question
from ...settings.config import SOLVER
from ..labels import CHECKED, DECOMPOSED, VALIDATED, VOTE, make_labeller
from .kinds import make_exchange, read_turns

if TYPE_CHECKING:
    from ....agents.inference.conversation import Said
    from ...roles.role import Role
    from ..run import SelfPlay

VOTED = (VOTE, CHECKED, VALIDATED, DECOMPOSED)
"""Label sources that know no answer before there are attempts."""
REMEMBERED = 100_000
"""Prompts whose questions are known; the oldest are forgotten."""
PLAYER, ENVIRONMENT = "solver", "environment"


class Talk:
    """What the solver talks with.

    Args:
        kind, turns: see `kinds.read_turns`.
        verifier: see `kinds.Retry`.
    """

    def __init__(self, kind: str, turns: int, verifier: Verifier | None) -> None:
        self.kind = kind
        self._questions: dict[str, Question] = {}
        self._said: list[list[Said]] = []
        self.exchange = make_exchange(kind, turns, self._questions.get, verifier)

    @classmethod
    def of(cls, run: SelfPlay) -> Talk | None:
        """What the settings of a run name; `None` where attempts have one turn.

        Raises:
            ConfigError: a setting that is none, of a role that does not answer questions, or with a sampler that does
                not take the tokens of a conversation.
        """
        for name, row in run.config.roles.items():
            if name != SOLVER and read_turns(row.turns) is not None:
                raise ConfigError(f"roles.{name}.turns is for the {SOLVER}, got {row.turns!r}: leave it at 'none'")
        wanted = read_turns(run.config.roles[SOLVER].turns)
        if wanted is None:
            return None
        if run.config.compute.sampler != "local":
            raise ConfigError(
                f"roles.{SOLVER}.turns={run.config.roles[SOLVER].turns!r} goes on from the tokens of a conversation, "
                f"which compute.sampler={run.config.compute.sampler!r} does not take: use 'local'"
            )
        return cls(*wanted, known_before(run))

    def asking(self, questions: Sequence[Question], prompts: Sequence[str]) -> None:
        """Remember what is asked, see `Game`."""
        for question, prompt in zip(questions, prompts, strict=True):
            self._questions.pop(prompt, None)  # the youngest last
            self._questions[prompt] = question
        while len(self._questions) > REMEMBERED:
            del self._questions[next(iter(self._questions))]

    def let_talk(self, role: Role) -> None:
        """Let a role's agent talk, in play and in training."""
        from ....agents.inference.conversation import Conversing

        conversing = Conversing(self.exchange, self._hear)
        role.agent = role.agent.in_turns(conversing)
        role.trainer.agent = role.trainer.agent.in_turns(conversing)

    def rows(self, indices: Sequence[int], attempts: int) -> Iterator[Mapping[str, Any]]:
        """The last attempts as rows of the log `trajectories`: what the solver read and wrote, turn by turn.

        Args:
            indices: of the questions that were asked, in order.
            attempts: at each.
        """
        for row, turns in enumerate(self._said):
            said = [{"player": PLAYER, "prompt": turn.read, "text": turn.wrote, "note": ""} for turn in turns]
            yield {"index": indices[row // attempts], "attempt": row % attempts, "with": self.kind, "turns": said}

    def _hear(self, attempts: list[list[Said]]) -> None:
        self._said = attempts


def known_before(run: SelfPlay) -> Verifier | None:
    """What holds a single attempt against an answer that is computed from the question; `None` where labels are votes,
    or made by a verifier of which it is not known whether it needs the whole group."""
    source = run.config.labels.source
    name = str(source["name"]) if isinstance(source, Mapping) else parse_named(str(source)).name
    if name in VOTED or name not in run.domain.labels:
        return None
    return make_labeller(run.domain, source)
