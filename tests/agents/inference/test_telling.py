"""An agent that is heard says the same, and tells every completion once, as soon as its rows are done."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfplay_gym.agents.inference.sampling import LocalSampler

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "", "What is 1+2?", "something rather longer to read", "5"]


@given(st.lists(st.sampled_from(PROMPTS), max_size=5), st.integers(1, 3), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_told_is_what_is_said(make_agent, prompts, n, at_once, seed):
    agent = make_agent()
    expected = agent.act(prompts, n=n, seed=seed)
    calls = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("selfplay_gym.agents.inference.sampling.ROWS_AT_ONCE", at_once)
        chunked = agent.act(prompts, n=n, seed=seed)
        heard = agent.heard_by(calls.append).act(prompts, n=n, seed=seed)
    assert heard == chunked
    groups = [[] for _ in prompts]
    for prompt, text in (one for call in calls for one in call):
        groups[prompt].append(text)
    assert [sorted(group) for group in groups] == [sorted(group) for group in expected]
    assert [len(call) for call in calls] == [
        min(at_once, len(prompts) * n - start) for start in range(0, len(prompts) * n, at_once)
    ]


def test_prompts_that_cannot_be_read_are_never_told(make_agent):
    agent, told = make_agent(), []
    agent.context = 3  # of the agent: longer prompts are not even given to the model
    assert agent.heard_by(told.extend).act(["What is 1+2+3+4+5+6+7+8?", "5"], n=2, seed=0)[0] == ["", ""]
    assert {prompt for prompt, _ in told} <= {1}


def test_a_sampler_that_cannot_tell_is_asked_as_ever(make_agent):
    class Silent(LocalSampler):
        tells = False

        def sample(self, prompt_ids, *, n, settings, seed, keep_activations=False):
            return super().sample(prompt_ids, n=n, settings=settings, seed=seed, keep_activations=keep_activations)

    agent, told = make_agent(), []
    silent = agent.with_settings(sampler=Silent(agent.model, agent.stop_ids, agent.decoder))
    assert silent.heard_by(told.append).act(PROMPTS, n=2, seed=1) == agent.act(PROMPTS, n=2, seed=1)
    assert told == []


def test_tokens_are_counted_once_and_those_taken_are_known(make_agent):
    agent = make_agent()
    agent.heard_by(lambda completions: None).act(PROMPTS, n=2, seed=1)
    sampled = agent.counted.sampled
    assert sampled > 0
    assert agent.counted.take().sampled == sampled
    agent.act(PROMPTS, n=2, seed=1)
    assert (agent.counted.taken, agent.counted.sampled) == (sampled, sampled)
