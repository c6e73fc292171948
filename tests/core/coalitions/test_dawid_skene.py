"""EM finds how reliable simulated members are, from their answers alone, and is sane where there is little to find."""

import math
import random

import numpy as np
import pytest

from selfplay_gym.core.coalitions.dawid_skene import PRIOR, Reliability, measure_reliability, probabilities
from selfplay_gym.core.errors import ConfigError

RIGHT = 0


def simulated(reliabilities, questions, *, attempts=1, theta=4.0, answered=1.0, seed=0):
    """Votes by the model's own assumptions: class 0 is right, wrong answers are new, or repeat earlier wrong ones."""
    rng, found = random.Random(seed), []
    for _ in range(questions):
        wrong, counts = [], {}
        for member, reliability in enumerate(reliabilities):
            for _ in range(attempts):
                if rng.random() >= answered:
                    continue
                if rng.random() < reliability:
                    c = RIGHT
                else:
                    new = rng.random() * (theta + len(wrong)) < theta
                    c = max(wrong, default=RIGHT) + 1 if new else rng.choice(wrong)
                    wrong.append(c)
                counts.setdefault(c, [0] * len(reliabilities))[member] += 1
        found.append(counts)
    return found


def rows(simulation):
    return [list(counts.values()) for counts in simulation]


def first_answers(simulation, members):
    """Of each member how often the answer that it gives most often is right, where it has one."""
    shares = []
    for member in range(members):
        tops = [
            [c for c, row in counts.items() if row[member] == max(other[member] for other in counts.values()) > 0]
            for counts in simulation
        ]
        shares.append(np.mean([top == [RIGHT] for top in tops if len(top) == 1]))
    return shares


def error(reliabilities, questions, **options):
    simulation = simulated(reliabilities, questions, **options)
    found = measure_reliability(rows(simulation), len(reliabilities))
    true = first_answers(simulation, len(reliabilities))
    return max(abs(a - b) for a, b in zip(found.members, true, strict=True))


@pytest.mark.parametrize("reliabilities", [(0.9, 0.7, 0.5), (0.8, 0.6, 0.6, 0.2), (0.3,) * 6, (0.5, 0.5, 0.05)])
@pytest.mark.parametrize("attempts", [1, 4])
def test_known_reliabilities_are_found_the_better_the_more_questions_there_are(reliabilities, attempts):
    few, many = (
        np.mean([error(reliabilities, n, attempts=attempts, seed=seed) for seed in range(2)]) for n in (20, 1000)
    )
    assert many < 0.6 * few
    assert many < 0.12


@pytest.mark.parametrize("theta", [0.5, 4.0, 50.0])
def test_how_often_wrong_answers_are_the_same_is_found(theta):
    found = measure_reliability(rows(simulated((0.6, 0.5, 0.4), 2000, theta=theta)), 3)
    assert found.chance == pytest.approx(1 / (1 + theta), rel=0.15)


def test_probabilities_are_calibrated():
    simulation = simulated((0.7, 0.5, 0.4, 0.6), 1500)
    votes = rows(simulation)
    claimed, true = [], []
    for counts, row in zip(simulation, probabilities(votes, measure_reliability(votes, 4)), strict=True):
        claimed += row
        true += [c == RIGHT for c in counts]
    claimed, true = np.array(claimed), np.array(true)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (claimed >= low) & (claimed < low + 0.2)
        assert true[inside].mean() == pytest.approx(claimed[inside].mean(), abs=0.05)


@pytest.mark.parametrize("attempts", [1, 3, 8])
def test_whoever_repeats_one_wrong_answer_is_not_believed_for_it(attempts):
    simulation, votes = simulated((0.3, 0.35, 0.4), 200, attempts=attempts, theta=15.0), []
    for counts in simulation:
        votes.append([*([*row, 0] for row in counts.values()), [0, 0, 0, attempts]])
    found, true = measure_reliability(votes, 4), first_answers(simulation, 3)
    assert found.members[:3] == pytest.approx(true, abs=0.15)
    assert found.members[3] < 0.06


def test_a_member_that_always_says_the_same_counts_as_one_answer():
    rng, votes, right, simulation = random.Random(2), [], 0, simulated((0.5, 0.5), 300, attempts=6, theta=15.0)
    for counts in simulation:
        classes = {c: [*row, 0] for c, row in counts.items()}
        own = RIGHT if rng.random() < 0.5 else -1
        right += own == RIGHT
        classes.setdefault(own, [0, 0, 0])[2] = 6
        votes.append(list(classes.values()))
    found = measure_reliability(votes, 3)
    assert found.members == pytest.approx((*first_answers(simulation, 2), right / 300), abs=0.05)


def test_the_most_probable_class_is_right_more_often_than_the_largest():
    simulation = simulated((0.9, 0.3, 0.3, 0.3), 1000, theta=1.0)
    votes = rows(simulation)
    scores = probabilities(votes, measure_reliability(votes, 4))

    def right(score_of):
        won = [list(counts)[int(np.argmax(score_of[i]))] for i, counts in enumerate(simulation)]
        return np.mean([c == RIGHT for c in won])

    assert right(scores) > right([[sum(row) for row in one] for one in votes]) + 0.1


@pytest.mark.parametrize(("members", "attempts"), [(1, 32), (2, 16), (4, 8), (8, 4), (8, 1)])
def test_members_who_repeat_themselves_on_easy_and_hard_questions_label_as_well_as_equal_votes(members, attempts):
    rng, votes = np.random.default_rng(3), []
    for _ in range(400):
        ease = rng.beta(0.6, 1.4, size=members) * 0.3 + rng.beta(0.6, 1.4) * 0.7
        popular = rng.dirichlet(np.full(12, 0.3))  # of the wrong answers, which all members share
        drawn = np.stack([rng.multinomial(attempts, [e, *(1 - e) * popular]) for e in ease], axis=1)
        votes.append(
            {int(c): list(drawn[c]) for c in rng.permutation(len(drawn)) if drawn[c].sum()}
        )  # of ties the first wins
    scores = probabilities(rows(votes), measure_reliability(rows(votes), members))
    weighted = np.mean([[*one][int(np.argmax(score))] == RIGHT for one, score in zip(votes, scores, strict=True)])
    equal = np.mean([[*one][int(np.argmax([sum(row) for row in one.values()]))] == RIGHT for one in votes])
    assert 0.3 < equal < 0.9
    assert weighted > equal - 0.03


def test_where_wrong_answers_are_popular_agreement_tells_nothing_and_that_is_known():
    rng, votes = np.random.default_rng(0), []
    for _ in range(200):
        ease, popular = rng.normal(0, 1.5), rng.dirichlet(np.full(4, 0.3))  # four wrong answers that all share
        rates = [1 / (1 + np.exp(-(skill + ease))) for skill in (2.0, -1.0, -1.0, -1.0, -1.0)]
        drawn = np.stack([rng.multinomial(8, [rate, *(1 - rate) * popular]) for rate in rates], axis=1)
        votes.append([list(row) for row in drawn if row.sum()])
    found = measure_reliability(votes, 5)
    assert found.members[0] < min(found.members[1:])  # the best of them seems the worst
    assert not found.tells
    assert measure_reliability(rows(simulated((0.6, 0.5, 0.4), 200)), 3).tells


def test_the_order_of_members_questions_and_classes_does_not_matter():
    votes, rng = rows(simulated((0.8, 0.5, 0.3, 0.6), 60, attempts=3)), random.Random(1)
    found = measure_reliability(votes, 4)
    for _ in range(5):
        members, order = rng.sample(range(4), 4), rng.sample(range(60), 60)
        shuffled = [[[row[m] for m in members] for row in rng.sample(votes[i], len(votes[i]))] for i in order]
        again = measure_reliability(shuffled, 4)
        assert again.members == pytest.approx([found.members[m] for m in members], abs=1e-6)
        assert again.chance == pytest.approx(found.chance, rel=1e-5)
    assert measure_reliability(votes, 4) == found


def test_one_member_that_answers_once_says_nothing_of_itself():
    found = measure_reliability([[[1]]] * 50, 1)
    assert found.members == pytest.approx((PRIOR,), abs=1e-6)


def test_members_who_always_agree_are_right_and_those_who_never_do_are_not():
    alike = measure_reliability([[[1, 1, 1]]] * 50, 3)
    assert min(alike.members) > 0.9
    different = measure_reliability([[[1, 0, 0], [0, 1, 0], [0, 0, 1]]] * 50, 3)
    assert sum(different.members) < 1.2  # at most one of three can be right
    assert different.chance < 0.05


def test_a_member_that_never_answers_is_left_at_the_prior_and_changes_nothing():
    votes = rows(simulated((0.8, 0.5), 100, attempts=2))
    found = measure_reliability(votes, 2)
    beside = measure_reliability([[[*row, 0] for row in one] for one in votes], 3)
    assert beside.members == pytest.approx((*found.members, PRIOR), abs=1e-9)


def test_non_answers_are_no_evidence():
    assert error((0.8, 0.6, 0.5), 1000, attempts=4, answered=0.3) < 0.06


def test_a_member_who_is_always_wrong_is_found_out():
    votes = []
    for counts in simulated((0.7, 0.7, 0.7), 100):
        votes.append([*([*row, 0] for row in counts.values()), [0, 0, 0, 1]])  # an answer of its own each time
    assert measure_reliability(votes, 4).members[3] < 0.05


def test_few_questions_move_the_prior_little():
    found = measure_reliability([[[1, 0], [0, 1]]], 2)
    assert all(0.4 < member < PRIOR for member in found.members)
    assert measure_reliability([], 2).members == (PRIOR, PRIOR)
    assert measure_reliability([[], []], 2).members == (PRIOR, PRIOR)
    assert probabilities([[], [[2, 0]]], found)[0] == []


def test_odd_numbers_stay_numbers():
    huge = [[[5000, 1], [1, 5000]], [[1, 0]], *([[1, 0], [0, 1]] for _ in range(20))]
    found = measure_reliability(huge, 2)
    for row in probabilities(huge, found):
        assert all(0.0 <= p <= 1.0 and math.isfinite(p) for p in row)
        assert sum(row) <= 1.0 + 1e-12
    assert probabilities([[[10**4, 0]]], Reliability((1e-12, 1 - 1e-12), 0.999))[0][0] <= 1.0


@pytest.mark.parametrize("votes", [[[[1]]], [[[0, 0]]], [[[-1, 2]]], [[[1, 2, 3]]]])
def test_votes_that_are_none_are_refused(votes):
    with pytest.raises(ConfigError, match="needs a vote, counted for each of 2 members"):
        measure_reliability(votes, 2)
