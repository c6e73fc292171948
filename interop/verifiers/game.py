"""The game of two as a multi-agent environment of verifiers: every episode is a proposal, its attempts, their rewards.

The seed taskset only counts the episodes: the questions are the challenger's. An episode is a batch of one proposal, so
the challenger's reward has no term for repetition, as with `gym.make(role="challenger")`.
"""

from __future__ import annotations

import asyncio

import verifiers.v1 as vf
from pydantic import Field

from ...core.records import Outcome
from ...core.registries import make_reward
from ...envs.game.domains import find_domain
from ...envs.game.engine import Episode, Game
from ...selfplay.run.labels import make_labeller
from .taskset import reply_of

__all__ = ["SelfPlayEnv", "SelfPlayEnvConfig"]


class SelfPlayEnvConfig(vf.EnvConfig):
    """The two agents, and the rules between them."""

    challenger: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())
    """Writes questions."""
    solver: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())
    """Answers each of them, `attempts` times."""
    domain: str = "math"
    """What is played."""
    attempts: int = Field(8, ge=1)
    """m, answers per question."""
    labels: str = "vote"
    """Where labels come from, as in `RunConfig.labels.source`."""
    reward: str = "r-zero"
    """The challenger's, by name; see `envs.rewards`."""
    template: str = "plain"
    """The words of the prompts, "plain" or "r-zero"."""


class SelfPlayEnv(vf.Env[SelfPlayEnvConfig]):
    """One episode: the challenger proposes, the solver answers m times, the rules of the game reward both.

    Rewards: `game` on the challenger's trace, `correct` on each of the solvers'. A proposal that cannot be read is not
    asked, and earns 0 by the default rule.
    """

    def __init__(self, config: SelfPlayEnvConfig) -> None:
        super().__init__(config)
        domain = find_domain(config.domain)
        self.game = Game(domain, make_labeller(domain, config.labels), make_reward(config.reward), config.template)

    async def run(self, task: vf.Task, agents: vf.Agents) -> None:
        """Propose and answer."""
        opening = vf.Task(vf.TaskData(idx=task.data.idx, prompt=self.game.instruct()))
        proposed = await agents.challenger.run(opening)
        (proposal,) = await asyncio.to_thread(self.game.read, [reply_of(proposed)])
        if not proposed.ok or proposal.question is None:
            return
        (prompt,) = self.game.ask([proposal.question])
        asked = vf.Task(vf.TaskData(idx=task.data.idx, prompt=prompt))
        async with asyncio.TaskGroup() as group:
            for _ in range(self.config.attempts):
                group.create_task(agents.solver.run(asked))

    async def finalize(self, task: vf.Task, episode: vf.Episode) -> None:
        """Judge all attempts together, and reward every agent.

        Raises:
            RuntimeError: an agent's run failed; nobody is rewarded for what was not said.
        """
        if failed := [trace for trace in episode.traces if not trace.ok]:
            raise RuntimeError(f"{len(failed)} of {len(episode.traces)} runs of agents failed; the episode is void")
        by_name = {name: [t for t in episode.traces if t.agent.name == name] for name in ("challenger", "solver")}
        (challenger,), solvers = by_name["challenger"], by_name["solver"]
        played = await asyncio.to_thread(self._played, reply_of(challenger), [reply_of(trace) for trace in solvers])
        judgement = played.judgement
        challenger.record_reward("game", played.reward.value)
        challenger.record_metrics({name: float(value) for name, value in played.reward.terms.items()})
        challenger.record_metric("malformed", float(judgement is None))
        if judgement is None:
            return
        challenger.record_metric("solve_rate", judgement.solve_rate)
        for trace, verdict, earned in zip(solvers, judgement.verdicts, played.solver_rewards, strict=True):
            trace.record_reward("correct", earned)
            trace.record_metric("undecided", float(verdict.outcome is Outcome.UNDECIDED))

    def _played(self, proposal: str, attempts: list[str]) -> Episode:
        (played,) = self.game.play([proposal], lambda prompts: [attempts for _ in prompts])
        return played
