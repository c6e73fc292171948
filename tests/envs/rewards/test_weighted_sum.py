"""Sums of rewards: linear in the weights above their floor, gated, and written in any of the forms."""

import random

import gymnasium as gym
import pytest

from selfplay_gym import Judgement, Question, Verdict, make_reward
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.records import Reward
from selfplay_gym.core.registries import make_condition, register_reward, rewards
from selfplay_gym.testing import check_reward

SUMS = [
    "uncertainty + 0.2*novelty - 0.1*length",
    "peak - 0.5*topics",
    "-repetition + 4p(1-p)(repetition=1) + consistency + 0.3*methods",
    "r-zero-code + belief",
    "2*length",
    'sum(terms=["uncertainty", "-0.5*sum(terms=[\\"length\\"])"])',
]


def batch(rng, size=12):
    questions, judgements, attempts = [], [], []
    for number in range(size):
        right = rng.randint(0, 4)
        verdicts = [Verdict.correct("6")] * right + [Verdict.wrong("5")] * (4 - right)
        questions.append(Question(f"What is {rng.randint(1, 9)}+{number % 5}?") if rng.random() < 0.8 else None)
        judgement = Judgement.of(verdicts, label="6", label_source="vote", valid=rng.random() < 0.8)
        judgements.append(None if questions[-1] is None else judgement)
        attempts.append(() if questions[-1] is None else tuple(f"{number}+{i % 2}=6" for i in range(4)))
    return questions, judgements, attempts


@pytest.mark.parametrize("text", SUMS)
def test_every_sum_is_a_reward(text):
    check_reward(make_reward(text))


def test_value_and_terms_are_linear_in_the_weights():
    rng, names = random.Random(0), ["uncertainty", "repetition", "length(most=20)", "methods", "consistency"]
    for _ in range(30):
        weights = [rng.uniform(-1, 2) for _ in names]
        given = batch(rng)
        alone = [make_reward(name)(*given) for name in names]
        found = make_reward([{"term": n, "weight": w} for n, w in zip(names, weights, strict=True)])(*given)
        for i, reward in enumerate(found):
            keys = [name.partition("(")[0] for name in names]
            expected = {
                key: weight * column[i].value
                for key, weight, column in zip(keys, weights, alone, strict=True)
                if key in column[i].terms
            }
            assert {k: v for k, v in reward.terms.items() if k not in ("format", "valid")} == pytest.approx(expected)
            judgement = given[1][i]
            pays = judgement is not None and judgement.valid
            assert reward.value == pytest.approx(max(0.0, sum(expected.values())) if pays else 0.0)


def test_what_is_invalid_or_malformed_earns_nothing_and_says_so():
    judgement = Judgement.of([Verdict.correct("1")], label="1", label_source="vote", valid=False)
    invalid, malformed = make_reward("uncertainty + 2*length")(
        [Question("x" * 400), None], [judgement, None], [("1",), ()]
    )
    assert invalid == Reward(0.0, {"format": 1.0, "uncertainty": 0.0, "length": 0.0, "valid": 0.0})
    assert malformed == Reward(0.0, {"format": 0.0})


def test_a_malformed_proposal_earns_what_its_terms_say_and_never_more_than_nothing():
    given = [None, Question("What is 1+1?")], [None, Judgement.of([], label=None, label_source="vote")], [(), ()]
    (whole, _) = make_reward("r-zero-code")(*given)
    assert whole.value < -1.0
    assert make_reward("0.5*r-zero-code + length")(*given)[0].value == pytest.approx(whole.value / 2)
    assert make_reward("-1*r-zero-code + length")(*given)[0].value == 0.0


def test_parts_of_one_name_are_added_up_and_an_expression_is_a_list_is_a_table():
    given = batch(random.Random(1))
    text = "0.5*peak(peak=0.7) + 0.5*peak(peak=0.5) - 0.1*length"
    listed = [
        {"term": {"name": "peak", "peak": 0.7}, "weight": 0.5},
        "0.5*peak(peak=0.5)",
        {"term": "length", "weight": -0.1},
    ]
    for other in (listed, tuple(listed), {"name": "sum", "terms": listed}, f"sum(terms={text!r})"):
        assert make_reward(other)(*given) == make_reward(text)(*given)
    assert set(make_reward(text)(*given)[0].terms) <= {"format", "peak", "length", "valid"}


def test_a_reward_of_a_plug_in_is_a_term_by_name_and_by_address():
    rule = lambda questions, judgements, attempts: [Reward(0.25, {"mine": 9.0}) for _ in questions]  # noqa: E731
    register_reward("mine-own", lambda: rule)
    try:
        (reward,) = make_reward("2*mine-own")([Question("?")], [Judgement.of([], label="1", label_source="vote")], [()])
        assert reward == Reward(0.5, {"format": 1.0, "mine-own": 0.5})
    finally:
        rewards.unregister("mine-own")
    check_reward(make_reward("0.1*selfplay_gym.envs.rewards.terms.length:Length(most=9) + peak"))


def test_levels_are_held_against_the_shape_of_a_sum():
    judgement = Judgement.of([Verdict.correct("1")] * 3 + [Verdict.wrong("2")], label="1", label_source="vote")
    rule = make_condition("level").rewarded(make_reward("uncertainty + 0.5*length"))
    (reward,) = rule([Question("x" * 400, level=0.25)], [judgement], [()])
    assert reward.value == pytest.approx(1.0 + 0.5)
    with pytest.raises(ConfigError, match="has none"):
        make_condition("level").rewarded(make_reward("novelty - length"))


def test_environments_take_sums_and_their_spec_is_json():
    env = gym.make("SelfPlayMath-v0", role="challenger", reward=["uncertainty", {"term": "length", "weight": -0.5}])
    env.reset(seed=0)
    info = env.step(r"<question>What is 12+7*3?</question> \boxed{33}")[4]
    assert info["reward_terms"]["length"] == pytest.approx(-0.5 * 15 / 400)
    assert gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json())).reset(seed=0)


@pytest.mark.parametrize("wrong", ["uncertainty + noveltie", "2*rzero", ["uncertainty", "noveltie"]])
def test_an_unknown_term_is_named(wrong):
    with pytest.raises(UnknownNameError, match="Did you mean"):
        make_reward(wrong)
    with pytest.raises(UnknownNameError, match="r-zeroo"):
        make_reward("r-zeroo")


@pytest.mark.parametrize("given", ["-r-zero", "-0.5*novelty - length", [{"term": "peak", "weight": -1}]])
def test_a_sum_that_only_subtracts_is_refused(given):
    with pytest.raises(ConfigError, match="only subtracts, so nothing would ever earn"):
        make_reward(given)
