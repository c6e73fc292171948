"""A reward function sees texts, or the samples if it asks for them."""

from types import SimpleNamespace

from selfplay_gym.agents.training.reward_fn import SampleReward, rewards_of


class Looks:
    def __call__(self, prompts, groups):
        raise AssertionError("it wants to see the samples")

    def of_samples(self, prompts, drawn):
        return [[float(drawn.logps)]]


def test_a_function_gets_texts_and_one_that_looks_at_samples_gets_these():
    drawn = SimpleNamespace(texts=[["ab"]], logps=-2.0)
    assert rewards_of(lambda prompts, groups: [[float(len(groups[0][0]))]], ["?"], drawn) == [[2.0]]
    assert rewards_of(Looks(), ["?"], drawn) == [[-2.0]]
    assert isinstance(Looks(), SampleReward)
    assert not isinstance(lambda prompts, groups: [], SampleReward)
