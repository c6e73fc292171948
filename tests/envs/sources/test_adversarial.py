"""The source `adversarial`: it perturbs every k rounds, leaves the exam and all other sources alone, and can learn."""

from collections import Counter
from dataclasses import replace

import pytest

from selfplay_gym import Question, make_curriculum, make_generator, make_source
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.math_language import answer
from selfplay_gym.core.perturbed import perturbation_of
from selfplay_gym.core.protocols import Draw
from selfplay_gym.envs.game.domains import held_out
from selfplay_gym.envs.game.perturbations.adversary import kind_weights
from selfplay_gym.envs.game.perturbations.perturb import KINDS
from selfplay_gym.testing import check_source


def fresh(round=1, failures=()):
    generator, curriculum = make_generator("mixed"), make_curriculum("band")
    return Draw(9, round=round, generator=generator, curriculum=curriculum, failures=lambda: failures)


def kinds_of(questions):
    return Counter((perturbation_of(question) or {}).get("kind") for question in questions)


@pytest.mark.parametrize("of", ["procedural", "challenger", "agent(name=generator)"])
@pytest.mark.parametrize("choose", ["even", "bandit"])
def test_it_conforms_over_any_source(of, choose):
    source = make_source(f"adversarial(of={of}, choose={choose})")
    assert "claims" in check_source(source)


def test_questions_are_perturbed_unless_they_belong_to_the_exam():
    questions = make_source("adversarial").draw(200, fresh())
    counts = kinds_of(questions)
    assert set(counts) == {*KINDS, None}
    assert min(counts.values()) > 5
    for question in questions:
        if perturbation_of(question) is None:
            assert held_out(question)
            assert question.author != "adversarial"
        else:
            assert question.author == "adversarial"
            assert answer(question.text) in (None, question.reference)


def test_what_belongs_to_the_exam_is_never_perturbed_into_training():
    plain = make_source("adversarial(every=2)").draw(200, fresh(round=1))
    again = make_source("adversarial(every=1)").draw(200, fresh(round=1))
    assert [one.text for one in plain if held_out(one)] == [
        new.text for old, new in zip(plain, again, strict=True) if held_out(old)
    ]


def test_it_perturbs_in_every_kth_round_only():
    source = make_source("adversarial(every=3)")
    perturbed = [len(kinds_of(source.draw(20, fresh(round))) - Counter({None: 20})) > 0 for round in range(1, 7)]
    assert perturbed == [False, False, True, False, False, True]


def test_it_draws_neither_from_the_streams_of_others_nor_from_their_curriculum():
    draw = fresh()
    alone = make_source("procedural").draw(40, draw)
    state = draw.curriculum.state_dict()
    beside = make_source("adversarial(every=2)").draw(40, draw)
    assert draw.curriculum.state_dict() == state
    assert make_source("procedural").draw(40, draw) == alone
    assert not {one.text for one in beside} >= {one.text for one in alone}
    assert not getattr(type(make_source("adversarial")), "follows_curriculum", False)


def test_only_the_kinds_that_are_asked_for():
    source = make_source("adversarial(kinds=[injected, irrelevant(numbers=false)])")
    assert set(kinds_of(source.draw(60, fresh()))) == {"injected", "irrelevant(numbers=false)", None}
    (renamed,) = set(kinds_of(make_source({"name": "adversarial", "kinds": ["renamed"]}).draw(60, fresh()))) - {None}
    assert renamed == "renamed"


def test_the_bandit_prefers_what_the_solver_fails_at():
    def failed(kind, share):
        return Question("?", meta={"perturbation": {"kind": kind}}), share

    failures = [failed("injected", 1.0), failed("reworded", 0.0)] * 20
    draw = fresh(failures=failures)
    counts = kinds_of(make_source("adversarial(choose=bandit)").draw(300, draw))
    assert counts["injected"] > 100 > 25 > counts["reworded"]
    assert kinds_of(make_source("adversarial").draw(300, draw))["injected"] < 100
    assert make_source("adversarial(choose=bandit)").draw(9, replace(draw, failures=lambda: failures[:1])) != []


def test_weights_are_positive_and_learn_from_known_kinds_alone():
    assert kind_weights(("a", "b"), [(Question("?"), 1.0)], "bandit") == kind_weights(("a", "b"), [], "bandit")
    many = [(Question("?", meta={"perturbation": {"kind": "a"}}), 0.0)] * 10_000
    low, start = kind_weights(("a", "b"), many, "bandit")
    assert 0 < low < start < 1
    assert kind_weights(("a", "b"), many) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("adversarial(every=0)", "every >= 1"),
        ("adversarial(every=true)", "every must be a whole number"),
        ("adversarial(choose=best)", "even or bandit"),
        ("adversarial(kinds=[])", "different perturbations"),
    ],
)
def test_bad_settings_are_refused(what, says):
    with pytest.raises(ConfigError, match=says):
        make_source(what)
    with pytest.raises(UnknownNameError):
        make_source("adversarial(of=procedual)")


def test_nothing_is_perturbed_twice():
    twice = make_source("adversarial(of=adversarial)").draw(60, fresh())
    assert all(question.text.count("bus outside") < 2 for question in twice)
    assert kinds_of(twice)[None] < 20
