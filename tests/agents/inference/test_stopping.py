"""Stop strings: tokens and texts end where the first one is complete, and nothing else changes."""

from __future__ import annotations

import random

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import SamplingSettings
from selfplay_gym.agents.inference.interface.stopping import NEXT_QUESTION, StopStrings, cut
from selfplay_gym.agents.inference.sampling import LocalSampler
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer
from selfplay_gym.core.errors import ConfigError

PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "x"]


@pytest.mark.parametrize("kind", ["qwen3", "gpt_neox"])
def test_a_completion_ends_with_the_token_that_completes_a_stop_string(make_agent, kind):
    free = make_agent(kind, settings=SamplingSettings(max_new_tokens=40))
    whole = free.sample(PROMPTS, n=8, seed=0)
    seen = [text for group in whole.texts for text in group]
    drawn = random.Random(0)
    ended = 0
    for length in (1, 2, 3):
        text = max(seen, key=len)
        at = drawn.randrange(5, len(text) - length)
        stop = text[at : at + length]
        found = free.with_settings(stop=(stop,)).sample(PROMPTS, n=8, seed=0)
        for row, before in enumerate(seen):
            after = found.texts[row // 8][row % 8]
            assert after == cut(before, [stop])
            kept = int(found.lengths[row])
            assert torch.equal(found.tokens[row, :kept], whole.tokens[row, :kept])
            torch.testing.assert_close(found.logps[row, :kept], whole.logps[row, :kept], atol=1e-5, rtol=1e-5)
            if stop in before:
                ended += 1
                written = free.tokenizer.decode(found.tokens[row, :kept], skip_special_tokens=True)
                assert stop in written
                assert stop not in free.tokenizer.decode(found.tokens[row, : kept - 1], skip_special_tokens=True)
                assert bool(found.finished[row])
            else:
                assert kept == int(whole.lengths[row])
    assert ended >= 3


def test_without_stop_strings_nothing_is_read(make_agent):
    agent = make_agent()
    assert agent.settings.stop == ()  # its tokenizer has a chat template
    silent = LocalSampler(agent.model, agent.stop_ids, agent.decoder)
    drawn = agent.with_settings(sampler=silent).sample(PROMPTS, n=3, seed=1)
    assert torch.equal(drawn.tokens, agent.sample(PROMPTS, n=3, seed=1).tokens)
    with pytest.raises(ConfigError, match="give it `decode`"):
        agent.with_settings(sampler=silent, stop=("a",)).act(PROMPTS)


def test_a_base_model_stops_at_the_next_question(make_agent):
    """Without a chat template a model goes on writing; what it is told itself has the last word."""
    from selfplay_gym.agents.models.llm import LLMAgent

    agent = make_agent()
    tokenizer = agent.tokenizer
    tokenizer.chat_template = None
    base = LLMAgent(agent.model, tokenizer)
    assert base.settings.stop == NEXT_QUESTION
    assert base.with_settings(temperature=0.5).settings.stop == NEXT_QUESTION
    assert base.with_settings(stop=()).settings.stop == ()
    assert base.with_settings(stop=()).with_settings(stop=None).settings.stop == NEXT_QUESTION
    for begins in ("\nQuestion: What is 2+2?", "\nQ: 2+2?\nA: 4", "\nProblem 7. Find x.", "\nUser: and 3+3?"):
        assert cut(" 19" + begins, NEXT_QUESTION) == " 19"
    for text in ("The question is answered.", "x = 4\nThe problem is solved.", "Question: 3", "Q: 3"):
        assert cut(text, NEXT_QUESTION) == text


def test_training_learns_to_end_there(make_agent):
    agent = make_agent(settings=SamplingSettings(max_new_tokens=30)).with_settings(stop=("7",))
    trainer = GRPOTrainer(agent, GRPOConfig(max_new_tokens=30))
    metrics = trainer.step(PROMPTS, lambda p, g: [[float(len(t)) for t in x] for x in g], samples=6, seed=0)
    assert metrics.updates == 1
    assert metrics.truncated_share < 1


def test_tails_are_enough_whatever_a_token_writes():
    """Letters of several bytes, tokens that write nothing, and stop strings across many tokens."""
    drawn = random.Random(1)
    pieces = ["", "a", "b", "é", "ab", "漢", "Question", "\n", ":", "🎲"]
    decode = lambda rows: ["".join(pieces[token] for token in row) for row in rows]  # noqa: E731
    stops = ("\nQuestion:", "ab", "漢🎲")
    looking = StopStrings(stops, decode)
    for _ in range(300):
        rows = [[drawn.randrange(len(pieces)) for _ in range(25)] for _ in range(4)]
        live = torch.tensor([True, True, False, True])
        for length in range(1, 26):
            tokens = torch.tensor([row[:length] for row in rows])
            texts = decode([row[:length] for row in rows])
            has = [row for row in range(4) if live[row] and any(stop in texts[row] for stop in stops)]
            found = looking.reached(tokens, live)
            assert set(found) <= set(has)
            new = [row for row in has if not any(stop in decode([rows[row][: length - 1]])[0] for stop in stops)]
            assert set(new) <= set(found)


@pytest.mark.parametrize("stop", ["abc", ["a", ""], [""], [3], 5])
def test_what_is_no_list_of_texts_is_refused(stop):
    with pytest.raises(ConfigError, match="stop must be a list of texts"):
        SamplingSettings(stop=stop)
