"""`labels.source = "coalition(…)"` in a run: who is asked, what the logs hold, and that a killed run goes on alike."""

import pytest

from selfplay_gym import Question, make_domain
from selfplay_gym.agents.inference.token_count import TokenCount
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Ruling
from selfplay_gym.selfplay.report.sources import MEMBERS, coalition_table
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.roles.asked_again import AskedMember
from selfplay_gym.selfplay.run.labels import labeller_of, make_labeller
from selfplay_gym.selfplay.run.metrics import coalition_measures
from selfplay_gym.selfplay.run.train import train
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SOURCE = "coalition(members=[solver, base, noisy(accuracy=0.9), random], attempts=3)"
QUESTIONS = [Question("What is 3+4?"), Question("What is 3+4-2?")]


def test_the_solver_is_not_asked_again_and_the_model_it_started_from_may_be(a_run):
    run, agent, base = a_run({"labels.source": SOURCE})
    judged = labeller_of(run).judge_many(QUESTIONS, [[r"\boxed{7}"] * 4, [r"\boxed{6}"] * 4])
    assert [one.label for one in judged] == ["7", "5"]
    assert [one.solve_rate for one in judged] == [1.0, 0.0]
    assert (len(agent.seeds), len(base.seeds)) == (0, 1)
    assert [*judged[0].evidence["coalition"]["members"]] == ["solver", "base", "noisy(accuracy=0.9)", "random"]


def test_solver_and_base_are_known_however_they_are_written(a_run):
    source = {"name": "coalition", "members": [{"name": "solver"}, " base", {"name": "noisy", "accuracy": 0.9}]}
    run, agent, base = a_run({"labels.source": source})
    judged = labeller_of(run).judge_many(QUESTIONS, [[r"\boxed{7}"] * 4, [r"\boxed{6}"] * 4])
    assert (len(agent.seeds), len(base.seeds)) == (0, 1)
    assert [*judged[0].evidence["coalition"]["members"]] == ["solver", "base", "noisy(accuracy=0.9)"]


def test_members_draw_from_streams_of_the_place_and_their_tokens_are_the_solvers(a_run):
    _, solver, member = a_run({"labels.source": SOURCE})
    solver.counted, member.counted = TokenCount(), TokenCount()
    for here in ({}, {}, {"round": 2}, {"phase": "train(challenger)"}, {"step": 1}):
        place, _, _ = a_run({"labels.source": SOURCE}, **here)
        place.roles["solver"].agent = solver
        AskedMember(place, member, "m").act(["What is 1+2?"], n=2, seed=7)
    assert member.seeds[0] == member.seeds[1]
    assert len(set(member.seeds)) == 4
    assert member.counted is solver.counted


def test_what_the_policy_refuses_is_no_vote(a_run):
    class NoSevens:
        def check(self, text, role):
            return Ruling("7" in text, "S1" if "7" in text else "")

    run, _, member = a_run({"labels.source": SOURCE})
    run.refusals.policies["solver"] = NoSevens()
    assert AskedMember(run, member, "m").act(["What is 3+4?"], n=2) == [["", ""]]


def test_outside_a_run_members_are_named_and_nobody_is_told_the_answer(calculator):
    labeller = make_labeller(
        make_domain("math"), {"name": "coalition", "members": [calculator(), "noisy(accuracy=1.0)"]}
    )
    claimed = Question("What is 3+4?", "9", author="challenger")
    assert labeller.judge(claimed, ()).label == "7"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("coalition", "at least one agent"),
        ("coalition(members=[])", "at least one agent"),
        ("coalition(members=[nobody])", "nobody"),
        ("coalition(members=[solver, solver])", "one member"),
        ("coalition(members=[solver], votes=3)", "votes"),
    ],
)
def test_a_coalition_that_cannot_be_is_refused_before_the_run(a_run, source, message):
    run, _, _ = a_run({"labels.source": source})
    with pytest.raises(ConfigError, match=message):
        labeller_of(run)


def test_measures_are_means_over_the_questions_and_the_table_shows_first_and_last(a_run):
    run, _, _ = a_run({"labels.source": SOURCE})
    judged = labeller_of(run).judge_many(QUESTIONS, [["hm"], [r"\boxed{5}"]])
    measures = coalition_measures(judged)
    members = measures["coalition"]["members"]
    assert (members["solver"]["answered"], members["solver"]["agrees"]) == (0.5, 0.5)
    assert members["base"]["agrees"] == 1.0
    assert coalition_measures([]) == {}
    header, cells = coalition_table([(1, measures), (2, {}), (3, measures)])
    assert header == MEMBERS
    assert [row[0] for row in cells] == [*members]
    assert cells[0][1].count("→") == 1
    assert coalition_table([(1, {})]) is None


SMALL = {
    "rounds": 2,
    "labels.source": "coalition(members=[solver, base, noisy(accuracy=0.6), random], attempts=2)",
    "labels.attempts": 4,
    "questions": {"count": 12, "pool": True, "keep_band": [0.0, 1.0]},
    "storage.save_every": 1,
    "roles.*.max_new_tokens": 32,
    "roles.challenger": {"steps": 1, "groups": 2, "samples": 4, "reward": "panel - 0.1*repetition"},
    "roles.solver": {"steps": 1, "groups": 2, "samples": 2},
    "exam.questions": 4,
    "exam.samples": 1,
    "guard.questions": 4,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("coalition") / "run"
    train(SMALL, path)
    return path


def logs(path):
    folder = RunFolder.open(path)
    return {name: list(folder.rows(name)) for name in ("questions", "attempts", "labels", "metrics", "guard", "pool")}


def test_every_label_is_a_coalitions_and_every_labelling_says_how_reliable_its_members_are(finished):
    rows = logs(finished)
    assert {row["label_source"] for row in rows["labels"]} == {"coalition"}
    labellings = [row for row in rows["metrics"] if "asked" in row]
    assert len(labellings) == 2
    for row in labellings:
        found = {name: one["reliability"] for name, one in row["coalition"]["members"].items()}
        assert [*found] == ["solver", "base", "noisy(accuracy=0.6)", "random"]
        assert all(0.0 < reliability < 1.0 for reliability in found.values())
    steps = [row for row in rows["metrics"] if row.get("role") == "challenger"]
    assert all("panel" in row["reward_terms"] for row in steps)
    assert "Members of the coalition" in render_report(RunFolder.open(finished))


@pytest.mark.parametrize("commit", [4])
def test_a_killed_run_ends_as_one_left_alone(finished, tmp_path, power_cut, commit):
    with power_cut(commit):
        train(SMALL, tmp_path / "run")
    train(SMALL, tmp_path / "run", resume=True)
    assert logs(tmp_path / "run") == logs(finished)


@pytest.mark.parametrize("source", ["vote", "coalition(members=[oracle])"])
def test_a_panel_needs_several_members(tmp_path, source):
    settings = {**SMALL, "labels.source": source}
    with pytest.raises(ConfigError, match=r"reward panel needs labels of at least two members"):
        train(settings, tmp_path / "run")
