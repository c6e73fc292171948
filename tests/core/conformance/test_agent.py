"""Every built-in agent conforms, and every way to break an agent is named."""

import random

import pytest

from selfplay_gym import make_agent
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.registries import agents
from selfplay_gym.testing import check_agent

NEED_A_MODEL = {"llm:", "openai:"}
"""Families that are nothing without a path or an address; `tiny` is of the first, and tests/agents check the others."""
OPTIONS = {"coalition": {"members": ["noisy", "random", "echo"], "how": "weighted"}}


@pytest.mark.parametrize("name", [name for name in agents.names() if name not in NEED_A_MODEL])
def test_every_built_in_agent_conforms(name):
    assert {"shape", "seed", "bad n"} <= set(check_agent(make_agent(name, **OPTIONS.get(name, {}))))


class Repeats:
    """Conforms; the base of all that is broken below."""

    def act(self, prompts, *, n=1, seed=None):
        if n < 1:
            raise ValueError("n must be at least 1")
        return [[prompt] * n for prompt in prompts]


class OneForAll(Repeats):
    def act(self, prompts, *, n=1, seed=None):
        return super().act(prompts, n=1, seed=seed)


class NothingIsSomething(Repeats):
    def act(self, prompts, *, n=1, seed=None):
        return super().act(prompts or [""], n=n, seed=seed)


class Fickle(Repeats):
    def __init__(self):
        self.count = 0

    def act(self, prompts, *, n=1, seed=None):
        self.count += 1
        return super().act([f"{prompt}{self.count}" for prompt in prompts], n=n)


class GlobalDice(Repeats):
    def act(self, prompts, *, n=1, seed=None):
        random.seed(seed)
        return super().act([f"{random.random()}" for _ in prompts], n=n)


class AsksForNothing(Repeats):
    def act(self, prompts, *, n=1, seed=None):
        return [[prompt] * n for prompt in prompts]


def test_what_conforms_passes():
    check_agent(Repeats())


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (OneForAll, "shape"),
        (NothingIsSomething, "no prompts"),
        (Fickle, "seed"),
        (GlobalDice, "randomness"),
        (AsksForNothing, "bad n"),
    ],
)
def test_what_is_broken_is_named(broken, message):
    with pytest.raises(PluginError, match=f"{message}: "):
        check_agent(broken())


def test_what_is_not_an_agent_is_refused():
    with pytest.raises(PluginError, match="not an agent"):
        check_agent(object())
