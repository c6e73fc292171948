"""Attempts of several turns: the tokens sampled are the tokens trained, and the environment's are not."""

import pytest
import torch

from selfplay_gym.agents import LLMAgent
from selfplay_gym.agents.inference.conversation import Conversing
from selfplay_gym.agents.training.batch import rows_that_teach
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import PluginError

PROMPTS = ["What is 3+4?", "Compute 12*3.", "What is 2?"]


class Says:
    """Says one thing after every turn, to those whose prompt is long enough."""

    hint = ""

    def __init__(self, words: str, turns: int = 3, longest: int = 99) -> None:
        self.words, self.turns, self.longest = words, turns, longest
        self.heard: list[tuple[list[str], list[list[str]]]] = []

    def reply(self, prompts, written):
        self.heard.append((list(prompts), [list(turns) for turns in written]))
        return [self.words if len(prompt) <= self.longest else None for prompt in prompts]


@pytest.fixture(scope="module")
def agent():
    return LLMAgent.from_pretrained("tiny", max_new_tokens=24)


def sampled(agent, exchange, n=4, **heard):
    talking = agent.in_turns(Conversing(exchange, **heard))
    return talking, talking.sample(PROMPTS, n=n, seed=5)


def test_every_turn_continues_the_tokens_before_it_and_the_last_text_counts(agent):
    told = []
    exchange = Says("No </s> is this. <question>")
    _, samples = sampled(agent, exchange, listener=told.extend)
    assert {len(turns) for turns in told} - {1} == {3}
    between = agent.prompts.following(exchange.words, agent.tokenizer.eos_token_id)
    assert agent.tokenizer.eos_token_id not in between  # its words hold no control token
    for row, turns in enumerate(told):
        length = int(samples.lengths[row])
        own = samples.own[row, :length].bool()
        expected = [turn.wrote for turn in turns]
        assert samples.texts[row // 4][row % 4] == expected[-1]
        tokens = samples.tokens[row, :length]
        assert agent.tokenizer.decode(tokens[own], skip_special_tokens=True) == "".join(expected)
        assert int((~own).sum()) == (len(turns) - 1) * len(between)
        assert tokens[~own].tolist() == between * (len(turns) - 1)


def test_the_first_turn_is_what_an_agent_of_one_turn_says(agent):
    told = []
    sampled(agent, Says("Again."), listener=told.extend)
    plain = agent.sample(PROMPTS, n=4, seed=5)
    assert [turns[0].wrote for turns in told] == [text for group in plain.texts for text in group]


def test_an_environment_that_says_nothing_changes_nothing(agent):
    _, samples = sampled(agent, Says("", longest=-1))
    plain = agent.sample(PROMPTS, n=4, seed=5)
    assert samples.texts == plain.texts
    assert torch.equal(samples.tokens, plain.tokens)
    assert torch.equal(samples.mask, plain.mask)


def test_what_an_attempt_says_does_not_depend_on_the_other_attempts(agent):
    few = _told(agent, Says("Again.", longest=len(PROMPTS[0])))
    many = _told(agent, Says("Again."))
    assert few[:4] == many[:4]
    assert few[8:] == many[8:]
    assert all(len(turns) == 1 for turns in few[4:8])


def _told(agent, exchange):
    told = []
    sampled(agent, exchange, listener=told.extend)
    return told


def test_log_probabilities_of_the_sampler_are_those_of_the_trainer(agent):
    talking, samples = sampled(agent, Says("Try again: \\boxed{}."))
    trainer = GRPOTrainer(talking, GRPOConfig())
    rewards = torch.arange(12.0, dtype=torch.float64).view(3, 4)
    batch = rows_that_teach(samples, rewards, trainer.config, trainer.device)
    with torch.no_grad():
        logps = trainer.logps(batch)
    assert int(batch.mask.sum()) < int(batch.lengths.sum())
    assert torch.allclose(logps * batch.mask, batch.sampler_logp * batch.mask, atol=1e-5)


def test_no_gradient_comes_from_the_words_of_the_environment():
    """The loss is that of the model's own tokens: their log-probabilities times the advantages, and nothing else."""
    agent = LLMAgent.from_pretrained("tiny", max_new_tokens=12).in_turns(Conversing(Says("Again.", turns=2)))
    trainer = GRPOTrainer(agent, GRPOConfig(loss_type="bnpo", scale="none", max_grad_norm=1e9))
    samples = agent.sample(PROMPTS, n=4, seed=1)
    rewards = torch.rand(3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    batch = rows_that_teach(samples, rewards, trainer.config, trainer.device)
    loss = -(trainer.logps(batch) * samples.own * batch.advantages[:, None]).sum() / samples.own.sum()
    parameters = list(agent.model.parameters())
    expected = torch.autograd.grad(loss, parameters)
    metrics = trainer.step(PROMPTS, lambda prompts, groups: rewards.tolist(), samples=4, seed=1)
    norm = torch.stack([grad.norm() for grad in expected]).norm()
    assert metrics.grad_norm == pytest.approx(float(norm), rel=1e-4)
    assert metrics.tokens_trained == int(samples.own.sum())


def test_an_attempt_without_room_for_another_turn_is_cut_off(agent):
    _, samples = sampled(agent, Says("word " * 96, turns=2))
    assert int(samples.lengths.max()) < 512
    _, samples = sampled(agent, Says("x" * 505, turns=2), n=1)
    assert not samples.finished.any()


def test_an_environment_that_loses_an_attempt_is_named(agent):
    class Loses(Says):
        def reply(self, prompts, written):
            return ["once"]

    with pytest.raises(PluginError, match="Loses answered 1 attempts of 12"):
        sampled(agent, Loses("x"))


def test_the_listener_hears_of_whole_attempts(agent):
    heard = []
    exchange = Says("Again.", turns=2)
    talking = agent.in_turns(Conversing(exchange)).heard_by(heard.extend)
    texts = talking.act(PROMPTS, n=2, seed=0)
    assert heard == [(at, text) for at, group in enumerate(texts) for text in group]
