"""In one sequence with hidden parts, a role computes exactly what it would compute without them."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.roles.segments import Segment, lay_out, segment_logits, segment_logps
from selfplay_gym.agents.roles.weight_sharing import ROLES, build_agents
from selfplay_gym.core.errors import ConfigError, UnknownNameError

CHALLENGER, SOLVER = ROLES
THOUGHTS, QUESTION, ATTEMPT, REMARK = [5, 9, 7, 30, 8], [40, 41, 42, 6], [11, 12, 13, 14, 15, 2], [21, 22]


def private(ids, role):
    return Segment(ids, role)


def public(ids, role=CHALLENGER):
    return Segment(ids, role, public=True)


GAME = [private(THOUGHTS, CHALLENGER), public(QUESTION), private(ATTEMPT, SOLVER)]


def logits(model, *sequences, types=None):
    with torch.no_grad():
        return segment_logits(model, lay_out(sequences, ROLES), types)


def plain(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids])).logits


@pytest.fixture(params=["eager", "sdpa"])
def attention(request):
    return request.param


@pytest.fixture(params=["qwen3", "llama", "gpt_neox"])
def model(request, make_model, attention):
    return make_model(request.param, attn_implementation=attention)


def test_what_a_role_sees_is_all_it_computes_with(model):
    found = logits(model, GAME)[0]
    solver, challenger = plain(model, QUESTION + ATTEMPT)[0], plain(model, THOUGHTS)[0]
    assert torch.allclose(found[len(THOUGHTS) :], solver, atol=1e-5)
    assert torch.allclose(found[: len(THOUGHTS)], challenger, atol=1e-5)


def test_no_edit_of_private_text_changes_a_bit_of_the_others(model):
    before = logits(model, GAME)[0, len(THOUGHTS) :]
    for other in ([60, 61, 62, 63, 64], THOUGHTS[::-1], [2] * 5):
        after = logits(model, [private(other, CHALLENGER), *GAME[1:]])[0]
        assert torch.equal(after[len(THOUGHTS) :], before)
    edited = logits(model, [*GAME[:2], private([60, 61], SOLVER), private(THOUGHTS, CHALLENGER)])[0]
    again = logits(model, [*GAME[:2], private([70, 71], SOLVER), private(THOUGHTS, CHALLENGER)])[0]
    assert torch.equal(edited[-5:], again[-5:])
    assert not torch.equal(edited[-7:-5], again[-7:-5])


def test_public_text_reaches_everybody(model):
    before = logits(model, GAME)[0]
    after = logits(model, [GAME[0], public([50, *QUESTION[1:]]), GAME[2]])[0]
    assert torch.equal(before[: len(THOUGHTS)], after[: len(THOUGHTS)])
    assert not torch.allclose(before[-len(ATTEMPT) :], after[-len(ATTEMPT) :], atol=1e-2)


def test_leaving_hidden_segments_out_changes_nothing_for_those_who_did_not_see_them(make_model):
    """Also in longer plays, where public and private text alternate."""
    model = make_model()
    play = [*GAME, public(REMARK, SOLVER), private([33, 34, 35], CHALLENGER), private([36, 37], SOLVER)]
    whole = logits(model, play)[0]
    owners = torch.tensor([0 if s.public else 1 + ROLES.index(s.role) for s in play for _ in s.ids])
    for number, role in enumerate(ROLES, start=1):
        seen = logits(model, [s for s in play if s.public or s.role == role])[0]
        visible = (owners == 0) | (owners == number)
        assert torch.allclose(whole[visible], seen, atol=1e-5)


def test_padding_changes_nothing(make_model):
    model, short = make_model(), [public([40, 41]), private([11, 2], SOLVER)]
    both = logits(model, GAME, short)
    assert torch.allclose(both[0], logits(model, GAME)[0], atol=1e-5)
    assert torch.allclose(both[1, :4], logits(model, short)[0], atol=1e-5)


def test_layout_of_a_game():
    layout = lay_out([GAME, [public([1])]], ROLES)
    assert layout.types.tolist() == [[1] * 5 + [0] * 4 + [2] * 6, [0] * 15]
    assert layout.positions[0].tolist() == [*range(5), *range(4), *range(4, 10)]
    assert layout.previous[0].tolist() == [-1, 0, 1, 2, 3, -1, 5, 6, 7, 8, 9, 10, 11, 12, 13]
    assert layout.written_by(1)[0].tolist() == [False] * 9 + [True] * 6
    assert not layout.written_by(1)[1].any()
    assert layout.written_by(0)[0].sum() == 4 + 3


def test_agents_and_one_sequence_agree_on_every_attempt(make_agent, tmp_path):
    """Token types and all: the log-probabilities an agent trains on are those inside the joint sequence."""
    make_agent().save_pretrained(tmp_path / "base")
    agents = build_agents(tmp_path / "base", "tokens")
    model = agents[SOLVER].model
    with torch.no_grad():
        model.role_types.weight.copy_(torch.randn(3, 48, generator=torch.Generator().manual_seed(0)))

    def alone(role, prompt, written):
        agent, lengths = agents[role], torch.tensor([len(written)])
        found = completion_logps(
            agent.model, agent.decoder, [prompt], torch.tensor([0]), torch.tensor([written]), lengths
        )
        return found[0]

    joint = segment_logps(model, lay_out([GAME], ROLES), model.role_types)[0]
    assert torch.allclose(joint[-6:], alone(SOLVER, QUESTION, ATTEMPT), atol=1e-5)
    assert torch.allclose(joint[2:5], alone(CHALLENGER, THOUGHTS[:2], THOUGHTS[2:]), atol=1e-5)
    untyped = segment_logps(model, lay_out([GAME], ROLES))[0]
    assert not torch.allclose(joint[-6:], untyped[-6:], atol=1e-2)

    joint[-6:].sum().backward()
    together = model.role_types.weight.grad.clone()
    model.zero_grad()
    alone(SOLVER, QUESTION, ATTEMPT).sum().backward()
    assert torch.allclose(model.role_types.weight.grad, together, atol=1e-4)
    assert not together[1].any()


def test_sampling_uses_the_types(make_agent, tmp_path):
    make_agent().save_pretrained(tmp_path / "base")
    agents = build_agents(tmp_path / "base", "tokens", max_new_tokens=12)
    plainly = LLMAgent.from_pretrained(tmp_path / "base", max_new_tokens=12)
    prompts = ["What is 1+2?", "Solve 3x+4=19."]
    assert agents[SOLVER].act(prompts, n=2, seed=0) == plainly.act(prompts, n=2, seed=0)
    with torch.no_grad():
        agents[SOLVER].model.role_types.weight[2] = 1.0
    assert agents[SOLVER].act(prompts, n=2, seed=0) != plainly.act(prompts, n=2, seed=0)
    assert agents[CHALLENGER].act(prompts, n=2, seed=0) == plainly.act(prompts, n=2, seed=0)
    samples = agents[SOLVER].sample(prompts, n=2, seed=0)
    agent, owner = agents[SOLVER], torch.tensor([0, 0, 1, 1])
    with torch.no_grad():
        again = completion_logps(agent.model, agent.decoder, samples.prompt_ids, owner, samples.tokens, samples.lengths)
    assert torch.allclose(again, samples.logps, atol=1e-4)


def test_what_cannot_be_promised_is_refused(make_model):
    with pytest.raises(UnknownNameError, match="teacher"):
        lay_out([[private([1], "teacher")]], ROLES)
    with pytest.raises(ConfigError, match="at least one token"):
        lay_out([[public([])]], ROLES)
    model = make_model()
    model.config._attn_implementation = "flash_attention_2"
    with pytest.raises(ConfigError, match="sdpa"):
        logits(model, GAME)
