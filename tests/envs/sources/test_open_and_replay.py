"""Questions that others published, and questions asked again: repeatable, in their own streams, with their answers."""

import json
from collections import Counter

import pytest

from selfplay_gym import make_source, make_verifier
from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.protocols import Draw
from selfplay_gym.core.records import GIVEN, Outcome, Question
from selfplay_gym.envs.sources.mixing import drawn, mix, weights_at
from selfplay_gym.envs.sources.open_data import DEFAULT, reasoning_gym_questions
from selfplay_gym.selfplay.exams.suites import load_suite
from selfplay_gym.testing import check_source


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"What is {i}+1?", "answer": i + 1}) + "\n" for i in range(20)))
    return path


def test_the_default_has_new_items_every_round_and_its_own_scorers():
    source = make_source("open")
    first, again, second = (source.draw(13, Draw(5, round=number)) for number in (1, 1, 2))
    assert first == again
    assert not {q.text for q in first} & {q.text for q in second}
    assert Counter(q.meta["dataset"] for q in first) == {
        name.removeprefix("rg:"): 3 if name == DEFAULT[0] else 2 for name in DEFAULT
    }
    for question in first:
        boxed, wrong = rf"\boxed{{{question.reference}}}", r"\boxed{-123456}"
        verdicts = make_verifier(question.author).judge(question, [boxed, wrong]).verdicts
        assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT, Outcome.WRONG]


def test_items_are_as_a_log_gives_them_back():
    for question in make_source("open", data=["rg:leg_counting", "rg:time_intervals"]).draw(8, Draw(1)):
        assert json.loads(json.dumps(dict(question.meta))) == question.meta


def test_rows_come_in_an_order_of_the_seed_and_again_when_all_have_come(rows):
    source = make_source("open", data=f"jsonl:{rows}")
    pages = [[q.text for q in source.draw(8, Draw(3, round=number))] for number in range(1, 6)]
    assert sorted(pages[0] + pages[1] + pages[2][:4]) == sorted({q.text for q in source.draw(20, Draw(0))})
    assert pages[2][4:] == pages[0][:4]
    assert [q.text for q in source.draw(8, Draw(4))] != pages[0]


def test_references_are_marked_as_given_and_claims_are_not(rows, tmp_path):
    marked = drawn(make_source("open", data=f"jsonl:{rows}"), 5, Draw(0))
    assert all(q.meta[GIVEN] is True for q in marked)
    own = tmp_path / "own.jsonl"
    own.write_text('{"question": "What is 1+1?", "answer": "2"}\n{"question": "Who?", "answer": null}\n')
    assert [q.meta.get(GIVEN) for q in drawn(make_source("file", path=str(own), shuffle=False), 2, Draw(0))] == [
        True,
        None,
    ]


def test_both_keep_the_contract_of_a_source(rows):
    check_source(make_source("open", data=f"jsonl:{rows}"))
    asked = [(Question(f"What is {i}+2?", str(i + 2), author="arithmetic"), i / 10) for i in range(11)]
    check_source(make_source("replay"), draw=lambda: Draw(3, round=2, earlier=lambda: asked))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "rg:chain_summ"}, "Did you mean 'chain_sum'"),
        ({"data": "rg"}, "rg:DATASET"),
        ({"data": []}, "different data sets"),
        ({"data": ["rg:gcd", "rg:gcd"]}, "different data sets"),
        ({"data": "jsonl:/nowhere/at/all.jsonl"}, "no such file"),
    ],
)
def test_data_that_cannot_be_read_is_refused_with_what_there_is(options, message):
    with pytest.raises((ConfigError, UnknownNameError), match=message):
        make_source("open", **options)


def test_replay_prefers_what_attempts_split_on():
    asked = [(Question(f"What is {i}+2?", author="arithmetic"), rate) for i in range(200) for rate in [(i % 5) / 4]]
    source = make_source("replay")
    rates = dict(asked)
    found = Counter(
        rates[q] for number in range(2, 200) for q in source.draw(10, Draw(1, round=number, earlier=lambda: asked))
    )
    assert set(found) == {0.25, 0.5, 0.75}  # p(1 - p) = 0 is never drawn
    assert found[0.5] / found[0.25] == pytest.approx(4 / 3, rel=0.15)
    assert len({q.text for q in source.draw(100, Draw(1, round=2, earlier=lambda: asked))}) == 100


def test_replay_goes_by_the_last_time_a_question_was_asked_and_has_nothing_in_the_first_round():
    question = Question("What is 1+1?")
    later = [(question, 0.5), (question, 1.0)]
    assert make_source("replay").draw(3, Draw(1, round=3, earlier=lambda: later)) == []
    assert make_source("replay", by="all").draw(3, Draw(1, round=3, earlier=lambda: later)) == [question]
    assert make_source("replay", by="all").draw(3, Draw(1)) == []
    with pytest.raises(UnknownNameError, match="unsolved"):
        make_source("replay", by="unsolvd")


def test_weights_may_depend_on_the_round():
    weights = {"challenger": (0.0, 0.5, 1.0), "open": 1.0}
    assert [weights_at(weights, n)["challenger"] for n in (0, 1, 2, 3, 9)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    for number in range(1, 6):
        now = weights_at(weights, number)
        counts = mix(now, 1000)
        for name, count in counts.items():
            assert abs(count / 1000 - now[name] / sum(now.values())) < 0.002


def test_options_of_a_data_set_stand_behind_its_name():
    pytest.importorskip("reasoning_gym")
    questions = reasoning_gym_questions("chain_sum(min_terms=7, max_terms=7)", 5, 3)
    assert [question.meta["entry"]["metadata"]["num_terms"] for question in questions] == [7] * 5
    assert {question.meta["dataset"] for question in questions} == {"chain_sum"}
    assert {question.author for question in questions} == {"rg:chain_sum"}
    suite = load_suite("rg:chain_sum(min_terms=7, max_terms=7)", limit=3)
    assert suite.verifier == "rg:chain_sum"
    assert make_verifier(suite.verifier).judge(suite.questions[0], [suite.questions[0].reference]).correct_count == 1


@pytest.mark.parametrize("wrong", ["chain_sum(5)", "chain_sum(size=3)", "chain_sum(terms=3)", "chain_sum(min_terms=0)"])
def test_options_that_a_data_set_does_not_take_are_refused(wrong):
    pytest.importorskip("reasoning_gym")
    with pytest.raises(ConfigError, match="chain_sum"):
        reasoning_gym_questions(wrong, 1, 0)
