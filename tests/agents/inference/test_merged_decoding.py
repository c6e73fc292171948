"""Rows that have said the same are decoded once, and say what they would have said."""

import pytest
import torch

from selfplay_gym.agents import LLMAgent


@pytest.fixture(scope="module")
def agent():
    return LLMAgent.from_pretrained("tiny", max_new_tokens=12)


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("decoder", ["packed", "transformers"])
def test_merged_rows_say_what_single_ones_say(agent, temperature, decoder):
    if decoder == "transformers":
        agent = LLMAgent.from_pretrained("tiny", max_new_tokens=12)
        agent.sampler.decoder = None
    plain = agent.with_settings(temperature=temperature)
    prompts = ["What is 3+4?", "Compute 12*3.", "What is 3+4?", "x" * 505, "What is 2?"]
    one = plain.sample(prompts, n=6, seed=7)
    other = plain.with_settings(merge=True).sample(prompts, n=6, seed=7)
    assert one.texts == other.texts
    assert torch.equal(one.tokens, other.tokens)
    assert torch.equal(one.finished, other.finished)
    assert torch.allclose(one.logps, other.logps, atol=1e-5)


def test_a_prompt_that_cannot_be_read_stays_unanswered(agent):
    samples = agent.with_settings(merge=True).sample(["What is 2?", "x" * 600], n=2, seed=0)
    assert samples.lengths.tolist()[2:] == [0, 0]
    assert min(samples.lengths.tolist()[:2]) > 0
