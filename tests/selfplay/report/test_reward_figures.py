"""Figures of rewards, in the report and the dashboard: what is rewarded, part by part, and nothing else."""

import re

import pytest

from selfplay_gym.selfplay.dashboard.reading.run_reader import RunReader
from selfplay_gym.selfplay.dashboard.views.curves import curves
from selfplay_gym.selfplay.report.curves import REST, TERM, reward_curves, reward_parts, reward_rest
from selfplay_gym.selfplay.report.write import render_report

CHALLENGER = ["uncertainty", {"term": "novelty", "weight": 0.2}, "-0.1*length"]
WRITTEN = "uncertainty + 0.2*novelty - 0.1*length"
SOLVER = "label + 0.2*efficiency + 0.1*consistency"


@pytest.fixture(scope="module")
def run(scripted_run, tmp_path_factory):
    """Two rounds with sums as rewards, that of the challenger as a list."""
    changes = {"roles.challenger.reward": CHALLENGER, "roles.solver.reward": SOLVER}
    return scripted_run(tmp_path_factory.mktemp("rewarded") / "run", changes=changes)


def steps_of(folder, role):
    return [row for row in folder.rows("metrics") if row.get("role") == role and "mean_reward" in row]


def drawn(folder):
    """The figures of rewards of both pages, by page and role: what they say to those who do not see them."""
    report = re.findall(r'aria-label="((?:Challenger|Solver), reward[^"]*)"', render_report(folder))
    reader = RunReader(folder.path)
    reader.begin()
    while reader.advance()[1]:
        pass
    live = {
        part.name: re.findall(r'<svg [^>]*aria-label="(Reward[^"]*)"(.*?)</svg>', part.html, re.S)
        for part in curves(reader)
        if part.name.startswith("role-")
    }
    return report, live


def test_the_terms_that_a_reward_has_are_drawn_and_nothing_else(run):
    report, live = drawn(run)
    assert [label.split(",")[0] for label in report] == ["Challenger", "Solver"]
    assert [len(charts) for charts in live.values()] == [1, 1]
    for label, (described, marks) in zip(report, [charts[0] for charts in live.values()], strict=True):
        asks = label.startswith("Challenger")
        terms = {"uncertainty", "novelty", "length"} if asks else {"label", "efficiency", "consistency"}
        for text in (label, described):
            assert "reward and its terms" in text.lower()
            assert all(term in text for term in terms)
            assert not re.search("repetition|format|valid|match", text)
        assert "%" not in marks


@pytest.mark.parametrize("role", ["challenger", "solver"])
def test_terms_and_the_rest_are_the_reward(run, role):
    steps = steps_of(run, role)
    assert len({name for step in steps for name in reward_parts(role, step["reward_terms"])}) == 3
    for step in steps:
        parts = reward_parts(role, step["reward_terms"])
        assert parts.keys() <= {"uncertainty", "novelty", "length", "label", "efficiency", "consistency"}
        rest = reward_rest(step["mean_reward"], parts)
        assert sum(parts.values()) + rest == pytest.approx(step["mean_reward"], abs=2e-5)
        assert role == "challenger" or rest == 0.0


@pytest.mark.slow
def test_a_list_of_terms_is_shown_as_the_sum_that_it_is(run):
    page = render_report(run)
    assert WRITTEN in page.partition('id="training"')[2]
    assert "sum(terms" not in page


@pytest.mark.slow
def test_the_label_alone_is_a_share_of_attempts(finished_run):
    report, live = drawn(finished_run)
    assert [label for label in report if "attempts that match the label" in label] == report[1:]
    assert "100 %" in live["role-1"][0][1]


@pytest.mark.parametrize(
    ("role", "reward", "unit"),
    [
        ("solver", "label", "%"),
        ("solver", {"name": "label"}, "%"),
        ("solver", "0.5*label", "mean reward"),
        ("solver", SOLVER, "mean reward"),
        ("solver", "confidence", "mean reward"),
        ("solver", None, "mean reward"),
        ("solver", ["odd"], "mean reward"),
        ("challenger", "r-zero", "mean reward"),
        ("player", "label", "mean reward"),  # of a turn game: its result
        ("tester", "label", "mean reward"),  # wrong programs that its tests catch
    ],
)
def test_only_the_label_alone_is_a_share(role, reward, unit):
    found = reward_curves(role, reward, [])
    assert (found.title, found.unit, [line[0] for line in found.lines]) == ("Reward", unit, ["mean_reward"])


@pytest.mark.parametrize("count", [1, 7, 24])
def test_lines_of_terms_differ(count):
    names = [f"term {i}" for i in range(count)]
    lines = reward_curves("challenger", "sum", [*names, REST]).lines
    assert [line[0] for line in lines] == ["mean_reward", *(TERM + name for name in names), REST]
    looks = [line[2:] for line in lines]
    assert len(set(looks)) == len(looks) or count > 18


def test_signs_of_a_proposal_are_no_parts_but_a_verifier_is():
    terms = {"format": 1.0, "valid": 0.0, "policy": 0.0, "odd": None, "uncertainty": 0.5}
    assert reward_parts("challenger", terms) == {"uncertainty": 0.5}
    assert reward_parts("solver", {"format": 0.5, "efficiency": 0.1}) == {"format": 0.5, "efficiency": 0.1}
