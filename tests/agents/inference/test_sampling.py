"""Sampling: the right distribution, the same tokens as transformers, and the same rows whatever happens around them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfplay_gym.agents.inference.interface.samples import SamplingSettings
from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.inference.sampling import LocalSampler, draw
from selfplay_gym.core.errors import ConfigError

NEIGHBOURS = {}
PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "", "What is 1+2?", "something rather longer to read"]


@pytest.mark.parametrize("kind", ["qwen3", "llama", "gpt_neox"])
def test_greedy_tokens_equal_generate(make_agent, kind):
    agent = make_agent(kind, seed=3).with_settings(temperature=0, max_new_tokens=30)
    samples = agent.sample(PROMPTS)
    for row, prompt in enumerate(PROMPTS):
        ids = torch.tensor([agent.prompt_ids(prompt)])
        out = agent.model.generate(ids, max_new_tokens=30, do_sample=False, eos_token_id=2, pad_token_id=0)
        length = int(samples.lengths[row])
        assert samples.tokens[row, :length].tolist() == out[0, ids.shape[1] :].tolist()[:length]
        assert length == out.shape[1] - ids.shape[1]


def test_equal_seeds_equal_samples_and_other_seeds_others(make_agent):
    agent = make_agent()
    assert agent.act(PROMPTS, n=3, seed=1) == agent.act(PROMPTS, n=3, seed=1)
    assert agent.act(PROMPTS, n=3, seed=1) != agent.act(PROMPTS, n=3, seed=2)
    assert agent.act(PROMPTS, n=3) != agent.act(PROMPTS, n=3)


def test_global_generators_are_left_alone(make_agent):
    agent = make_agent()
    before = torch.get_rng_state()
    agent.act(PROMPTS, n=2, seed=0)
    agent.act(PROMPTS, n=2)
    assert torch.equal(before, torch.get_rng_state())


def test_samples_do_not_depend_on_chunks_compaction_or_path(make_agent, monkeypatch):
    agent = make_agent()
    expected = agent.sample(PROMPTS, n=6, seed=5)
    plain = agent.with_settings(sampler=LocalSampler(agent.model, agent.stop_ids, None))
    assert torch.equal(plain.sample(PROMPTS, n=6, seed=5).tokens, expected.tokens)
    for name, value in {"ROWS_AT_ONCE": 4, "COMPACT_AT": 2.0}.items():
        with monkeypatch.context() as patch:
            patch.setattr(f"selfplay_gym.agents.inference.sampling.{name}", value)
            found = agent.sample(PROMPTS, n=6, seed=5)
        assert torch.equal(found.tokens, expected.tokens)
        assert torch.equal(found.finished, expected.finished)
        torch.testing.assert_close(found.logps, expected.logps, atol=1e-5, rtol=1e-5)


def test_kept_log_probabilities_are_those_of_the_model(make_agent):
    agent = make_agent().with_settings(temperature=0.7)
    samples = agent.sample(PROMPTS, n=4, seed=0)
    owner = torch.arange(len(PROMPTS)).repeat_interleave(4)
    logps = completion_logps(
        agent.model, agent.decoder, samples.prompt_ids, owner, samples.tokens, samples.lengths, temperature=0.7
    )
    torch.testing.assert_close(samples.logps, logps.detach(), atol=1e-5, rtol=1e-5)


def test_shapes_lengths_and_endings(make_agent):
    agent = make_agent()
    samples = agent.sample(PROMPTS, n=8, seed=0)
    rows, width = samples.tokens.shape
    assert rows == len(PROMPTS) * 8
    assert width == int(samples.lengths.max())
    assert samples.n == 8
    ended = samples.tokens.gather(1, samples.lengths[:, None] - 1)[:, 0] == 2
    assert torch.equal(ended, samples.finished)
    assert bool((samples.lengths[~samples.finished] == 24).all())
    assert 0 < int(samples.finished.sum()) < rows
    assert bool((samples.logps[samples.mask == 0] == 0).all())
    assert [len(group) for group in samples.texts] == [8] * len(PROMPTS)


def test_first_token_follows_the_models_distribution(make_agent):
    agent = make_agent().with_settings(max_new_tokens=1, temperature=1.3)
    count = 4_000
    samples = agent.sample(["What is 1+2?"], n=count, seed=0)
    logits = agent.model(torch.tensor([agent.prompt_ids("What is 1+2?")])).logits[0, -1].detach()
    expected = torch.softmax(logits / 1.3, -1) * count
    found = torch.bincount(samples.tokens[:, 0], minlength=len(expected))
    common = expected > 5
    chi_square = float(((found - expected)[common].square() / expected[common]).sum())
    assert chi_square < 2 * int(common.sum())  # 5 standard deviations or more above the mean for 50 cells and up


def test_rows_of_one_prompt_differ(make_agent):
    texts = make_agent().act(["What is 1+2?"], n=16, seed=0)[0]
    assert len(set(texts)) > 12


def test_nucleus_keeps_the_smallest_sufficient_set():
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]])).expand(1000, -1)
    noise = torch.linspace(0, 0.999, 1000)
    for top_p, allowed in [(0.4, {0}), (0.49, {0}), (0.79, {0, 1}), (0.94, {0, 1, 2}), (1.0, {0, 1, 2, 3})]:
        token, logp = draw(logits, SamplingSettings(top_p=top_p), noise)
        assert set(token.tolist()) == allowed
        torch.testing.assert_close(logp, logits.gather(1, token[:, None])[:, 0])


def test_impossible_tokens_are_never_drawn():
    logits = torch.full((2, 5), float("-inf"))
    logits[:, 2] = 0.0
    token, logp = draw(logits, SamplingSettings(), torch.tensor([0.0, 1 - 2**-24]))
    assert token.tolist() == [2, 2]
    assert logp.tolist() == [0.0, 0.0]


def test_the_context_bounds_completions(make_agent):
    agent = make_agent(max_position_embeddings=32).with_settings(max_new_tokens=500)
    samples = agent.sample(["x" * 20], n=4, seed=0)
    assert samples.tokens.shape[1] <= 32 - len(samples.prompt_ids[0])


def test_a_prompt_without_room_gets_empty_answers_and_a_reason(make_agent):
    agent = make_agent(max_position_embeddings=32)
    short, long = "What is 1+2?", "x" * 40
    assert agent.unreadable([short, long])[0] is None
    assert "42 tokens leaves no room" in agent.unreadable([short, long])[1]
    samples = agent.sample([short, long], n=2, seed=0)
    assert samples.texts[1] == ["", ""]
    assert samples.lengths[2:].tolist() == [0, 0]
    assert samples.prompt_ids[1] == []
    assert agent.act([long], seed=0) == [[""]]


@pytest.mark.parametrize("kind", ["qwen3", "gpt2"])
@settings(max_examples=16, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(lengths=st.lists(st.integers(1, 70), min_size=1, max_size=5), seed=st.integers(0, 99), n=st.integers(1, 3))
def test_neighbours_change_no_row(make_agent, kind, lengths, seed, n):
    """Prompts of any length up to the context and beyond, added to a batch: the first rows stay as they are."""
    if kind not in NEIGHBOURS:
        changes = {"n_embd": 48, "n_layer": 2, "n_head": 4, "n_positions": 64} if kind == "gpt2" else {}
        NEIGHBOURS[kind] = make_agent(kind, max_position_embeddings=64, **changes).with_settings(max_new_tokens=40)
    agent = NEIGHBOURS[kind]
    alone = agent.sample(PROMPTS, n=n, seed=seed)
    beside = agent.sample([*PROMPTS, *("7" * length for length in lengths)], n=n, seed=seed)
    rows, width = alone.tokens.shape
    assert torch.equal(beside.lengths[:rows], alone.lengths)
    assert torch.equal(beside.finished[:rows], alone.finished)
    assert torch.equal(beside.tokens[:rows, :width], alone.tokens)
    for length, got in zip(lengths, beside.lengths[rows:].view(-1, n).tolist(), strict=True):
        room = max(0, 64 - len(agent.prompt_ids("7" * length)))
        assert all(1 <= one <= min(room, 40) if room else one == 0 for one in got)


def test_no_prompts_no_samples(make_agent):
    assert make_agent().act([], n=3, seed=0) == []


@pytest.mark.parametrize(
    "wrong",
    [
        *({"temperature": -1}, {"temperature": float("nan")}, {"temperature": "hot"}, {"temperature": True}),
        *({"top_p": 0}, {"top_p": 1.1}, {"max_new_tokens": 0}, {"max_new_tokens": 1.5}),
    ],
)
def test_settings_are_checked(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        SamplingSettings(**wrong)
