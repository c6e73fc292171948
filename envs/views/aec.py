"""All roles as a PettingZoo AEC environment: `challenger_0` proposes, then `solver_0` … `solver_{m-1}` answer.

In the code game `tester_0` follows when the question asked for a program: it sees the answers and writes tests.

After the last move the episode is judged and everybody gets a reward; a malformed proposal ends its episode at once,
with no turn for the solvers and 0 for all. After `episodes` of them all agents are done. Solvers do not see each
other's answers.

Observations are `{"prompt": text, "episode": [k], "level": [difficulty asked for, in [0, 1]]}`: no `observation` key,
which PettingZoo's own tests take for an array. `infos`, after an episode: `role`, `verdict`, `label`, `label_source`,
`solve_rate`, `level`, `reward_terms` as in the single view, and `question`, its text.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np

from ...core.records import TaskSpec
from ..game.engine import Episode, Proposal, solver_reward
from .aec_base import TextAEC
from .infos import challenger_info, solver_info
from .rendering import MODES, Drawing
from .setup import GameSettings, GameSetup
from .spaces import MAX_PROMPT, Text

CHALLENGER, TESTER = "challenger_0", "tester_0"


class SelfPlayAEC(TextAEC):
    """One game between a challenger and m solvers.

    Args:
        settings: who judges and rewards; `opponent` and `generator` are not used: every role is played from outside.
        episodes: proposals until all agents are done, ≥ 1.
        render_mode: "ansi", "html", "human" or `None`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - PettingZoo's convention
        "name": "selfplay_v0",
        "render_modes": list(MODES),
        "is_parallelizable": False,  # a malformed proposal ends its episode before the solvers' turn
    }

    def __init__(self, settings: GameSettings, *, episodes: int = 1, render_mode: str | None = None) -> None:
        self.setup = GameSetup(settings, "all")
        self.solvers = [f"solver_{i}" for i in range(settings.attempts)]
        self.testers = [TESTER] if self.setup.game.domain.ask_tester is not None else []
        agents = [CHALLENGER, *self.solvers, *self.testers]
        super().__init__(agents, partial(_observation_space, episodes), episodes, render_mode)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """See `TextAEC`."""
        self.played: Episode | None = None
        super().reset(seed, options)

    def observe(self, agent: str) -> dict[str, Any]:
        """What an agent sees now; "" stands for a prompt it has not been given yet."""
        self._check_begun()
        asking = self.agent_selection == CHALLENGER
        prompt = self._instruction if agent == CHALLENGER else "" if asking else self._asked
        if agent in self.testers:
            prompt = self._to_test
        return {
            "prompt": prompt,
            "episode": np.array([min(self.episode, self.episodes)], dtype=np.int64),
            "level": np.array([self._spec.level], dtype=np.float32),
        }

    def _seed(self, root: int) -> None:
        self.setup.seed(root)

    def _move(self, agent: str, text: str) -> None:
        if agent == CHALLENGER:
            self._propose(text)
        elif agent == TESTER:
            self._settle(self._proposal, tuple(self._attempts), text)
        else:
            self._answer(text)

    def _drawn(self, drawing: Drawing) -> str:
        """The last episode, or the instruction while there is none."""
        title = f"episode {self.episode}"
        if self.played is None:
            return drawing.show_question(title, self._instruction)
        return drawing.show_episode(title, self.played)

    def _begin_episode(self) -> None:
        self._spec: TaskSpec = self.setup.curriculum.sample(self.setup.rng)
        self._instruction = self.setup.game.instruct()
        self._asked = self._to_test = ""
        self._attempts: list[str] = []
        self.agent_selection = CHALLENGER

    def _propose(self, text: str) -> None:
        (self._proposal,) = self.setup.game.read([text])
        question = self._proposal.question
        if question is None:
            self._settle(self._proposal, ())
            return
        (self._asked,) = self.setup.game.ask([question])
        self.agent_selection = self.solvers[0]

    def _answer(self, text: str) -> None:
        self._attempts.append(text)
        answered = len(self._attempts)
        if answered < self.setup.attempts:
            self.agent_selection = self.solvers[answered]
        elif self._tested():
            self.agent_selection = TESTER
        else:
            self._settle(self._proposal, tuple(self._attempts))

    def _tested(self) -> bool:
        """Give the tester something to read, if there is a tester and something to test."""
        question, ask = self._proposal.question, self.setup.game.domain.ask_tester
        if ask is None or question is None or not self.setup.game.wants_tests(question):
            return False
        self._to_test = ask(self._asked, self.setup.game.shown(question, self._attempts))[:MAX_PROMPT]
        return True

    def _settle(self, proposal: Proposal, attempts: tuple[str, ...], tests: str | None = None) -> None:
        (played,) = self.setup.game.settle([proposal], [attempts])
        self.played = played
        if played.judgement is not None:
            self.setup.curriculum.observe(self._spec, played.judgement.solve_rate)
        self._reward(played)
        if tests is not None:
            self._reward_tester(played, tests)
        self._end_episode()

    def _reward(self, played: Episode) -> None:
        level, judgement = self._spec.level, played.judgement
        about_proposal = challenger_info(played, level)
        self.rewards[CHALLENGER] = played.reward.value
        self.infos[CHALLENGER] = about_proposal
        for index, solver in enumerate(self.solvers):
            if judgement is None:
                self.infos[solver] = {**about_proposal, "role": "solver", "reward_terms": {}}
                continue
            reward = played.solver_rewards[index]
            self.rewards[solver] = reward
            about_attempt = solver_info(judgement.verdicts[index], judgement, level, reward)
            self.infos[solver] = {**about_attempt, "question": about_proposal["question"]}

    def _reward_tester(self, played: Episode, tests: str) -> None:
        (verdict,) = self.setup.game.judge_tests(played, [tests])
        reward = solver_reward(verdict)
        self.rewards[TESTER] = reward
        self.infos[TESTER] = {
            **self.infos[CHALLENGER],
            "role": "tester",
            "verdict": verdict,
            "reward_terms": {"score": reward},
        }


def _observation_space(episodes: int) -> gym.spaces.Dict:
    return gym.spaces.Dict(
        {
            "prompt": Text(MAX_PROMPT),
            "episode": gym.spaces.Box(0, episodes, (1,), np.int64),
            "level": gym.spaces.Box(0.0, 1.0, (1,), np.float32),
        }
    )
