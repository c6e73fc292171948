"""What tests of label sources share: as much of a run as a labeller looks at."""

from types import SimpleNamespace

import pytest

from selfplay_gym import make_domain
from selfplay_gym.core.math_language import answer
from selfplay_gym.selfplay.run.refusals import Refusals
from selfplay_gym.selfplay.settings.config import RunConfig


class Calculator:
    """Calculates, and writes down with which seeds it was asked."""

    def __init__(self):
        self.seeds = []

    def act(self, prompts, *, n=1, seed=None):
        self.seeds.append(seed)
        return [[rf"\boxed{{{answer(prompt)}}}"] * n for prompt in prompts]

    def with_settings(self, **settings):
        return self


@pytest.fixture
def calculator():
    """Makes an agent that is always right."""
    return Calculator


@pytest.fixture
def a_run():
    """Makes a run of some settings at a place, with its solver and the model that it started from."""

    def make(changes, **here):
        agent, base = Calculator(), Calculator()
        roles = {"solver": SimpleNamespace(agent=agent, trainer=SimpleNamespace(reference=base))}
        place = {"round": 1, "phase": "label", "step": 0, **here}
        run = SimpleNamespace(config=RunConfig().replace(changes), domain=make_domain("math"), roles=roles, **place)
        run.refusals = Refusals(run.config.roles, lambda: place, {})
        run.attempt = lambda prompts, seed, n: agent.act(prompts, n=n, seed=seed)
        return run, agent, base

    return make
