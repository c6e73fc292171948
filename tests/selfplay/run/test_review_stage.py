"""The stage `review`: it waits, passes or times out as told, and a killed run ends as one left alone."""

import json
import shutil
import threading
from types import SimpleNamespace

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import Question
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.reviews.items import Item
from selfplay_gym.selfplay.reviews.review_queue import queue_of
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.run.run import Interrupted
from selfplay_gym.selfplay.run.stages import review
from selfplay_gym.selfplay.run.stages.feedback import Feedback
from selfplay_gym.selfplay.run.stages.review import Review
from selfplay_gym.selfplay.run.stages.simulated_review import SimulatedReview
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.storage.files import DamageError
from selfplay_gym.selfplay.storage.run_folder import RunFolder

CHANGES = {
    "gates": [
        {"at": "generate", "on": "random", "least": 2},
        {"at": "label", "on": "disagreement", "least": 3},
        {"at": "label", "on": "low-margin", "kind": "pair", "least": 2},
    ],
    "guard.mode": "off",
    "rounds": 2,
    "labels.attempts": 4,
    "roles.solver.steps": 2,
    "stages": ["generate", "review(generate)", "attempt", "label", "review(timeout_s=1000)", "train(solver)"],
}


@pytest.fixture(scope="module")
def begun(scripted_run, tmp_path_factory):
    """A run whose first gate has picked, with decisions about everything that later gates could pick."""
    path = tmp_path_factory.mktemp("begun") / "run"
    folder = scripted_run(path, rounds=0, until="review(generate)", questions=12, changes=CHANGES)
    decide_everything(folder, rounds=2, questions=12, attempts=4)
    return path


def decide_everything(folder, rounds, questions, attempts):
    log = ReviewLog(folder.log_path("reviews"))
    pairs = [(a, b) for b in range(attempts) for a in range(b)]
    made = []
    for number in range(1, rounds + 1):
        for index in range(questions):
            place = f"{number}/{index}"
            after = {"question": f"Compute {index}+{index}+1.", "label": [None, "7"][index % 2]}
            made.append((f"question/{place}", *[("approve", None), ("reject", None), ("edit", after)][index % 3]))
            made.append((f"label/{place}", *[("edit", "77"), ("approve", None), ("reject", None)][index % 3]))
            made += [(f"pair/{place}/{a}-{b}", "prefer", a) for a, b in pairs]
    for count, (item, decision, after) in enumerate(made):
        log.add(Decision(item, decision, "anna", count, f"key-{count}", after=after))


@pytest.fixture(scope="module")
def undisturbed(begun, resume_scripted, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    shutil.copytree(begun, path)
    return resume_scripted(path)


def test_decisions_are_obeyed_and_adopted(undisturbed):
    queue = queue_of(undisturbed)
    assert queue.undecided == []
    counts = [row["review"] for row in undisturbed.rows("metrics") if "review" in row]
    assert [one["picked"] for one in counts] == [2, 5 + 2, 2, 5 + 2]
    assert [one["decided"] for one in counts] == [2, 7, 2, 7]
    assert undisturbed.state["logs"]["reviews"] == undisturbed.log_path("reviews").stat().st_size

    def rows(name):
        return undisturbed.rows_of_round(name, 1)

    asked = dict(round_log.asked(rows))
    dropped = {row["index"] for row in rows("questions") if row["dropped"] is not None}
    assert set(asked) <= {index for index in range(12) if index % 3 != 1} - dropped
    edited = {index: question.text for index, question in asked.items() if index % 3 == 2}
    assert edited
    assert all(text == f"Compute {index}+{index}+1." for index, text in edited.items())
    assert {row["index"] for row in rows("labels")} == set(asked)
    trained = {index: question.reference for index, question in round_log.kept(rows)}
    assert trained
    assert all(label == "77" for index, label in trained.items() if index % 3 == 0)
    assert not any(index % 3 == 2 for index in trained)  # their labels are rejected


@pytest.mark.parametrize(("commit", "only"), [(1, None), (2, None), (4, None), (4, "metrics"), (5, None), (8, "queue")])
def test_a_killed_run_ends_as_one_left_alone(
    begun, undisturbed, resume_scripted, logged, power_cut, tmp_path, commit, only
):
    shutil.copytree(begun, tmp_path / "run")
    with power_cut(commit, only):
        resume_scripted(tmp_path / "run")
    again = resume_scripted(tmp_path / "run")
    assert logged(again.path) == logged(undisturbed.path)
    assert {**again.state, "log_sha256": None, "logs": None} == {**undisturbed.state, "log_sha256": None, "logs": None}
    for name in ("reviews", "queue", "labels", "metrics", "attempts"):
        assert again.state["log_sha256"][name] == undisturbed.state["log_sha256"][name]


class Still:
    """A run that stands in a stage `review`, with what a stage asks of it."""

    def __init__(self, folder, number=1, stop=None):
        self.folder, self.round, self.config = folder, number, RunConfig()
        self.warned, self.logged, self.counted, self.asked = [], [], [], []
        self.hooks = [SimpleNamespace(ask=lambda run, items, message: self.asked.append((items, message)))]
        self.stop_if_asked = stop or (lambda: None)
        self.warn = self.warned.append
        self.step = 0
        self.roles = {}
        self.count = lambda done, total: self.counted.append((done, total))

    def log(self, name, rows):
        self.logged += rows


def decide(folder, items, reviewer="anna"):
    log = ReviewLog(folder.log_path("reviews"))
    for item in items:
        after = item.attempts[0].number if item.kind == "pair" else None
        after = {"completeness": 1, "soundness": 2} if item.kind == "attempt" else after
        decision = {"pair": "prefer", "attempt": "score"}.get(item.kind, "reject")
        log.add(Decision(item.id, decision, reviewer, 0, f"{reviewer}-{item.id}", after=after))


def test_it_waits_until_the_last_item_of_the_round_is_decided(run, monkeypatch):
    monkeypatch.setattr(review, "BETWEEN_LOOKS", 0.01)
    first, *others = [item for item in queue_of(run).items.values() if item.round == 1]
    still = Still(run)
    waits = threading.Event()
    still.stop_if_asked = waits.set
    stage = threading.Thread(target=Review(timeout_s=60).run, args=(still,))
    stage.start()
    assert waits.wait(30)
    decide(run, others)
    assert stage.is_alive()
    decide(run, [first])
    stage.join(30)
    assert not stage.is_alive()
    ((items, message),) = still.asked
    assert items == len(others) + 1
    assert f"selfplay-gym review {run.path}" in message
    assert still.warned == []
    assert still.logged[0]["review"]["decided"] == len(others) + 1
    run.commit({})
    assert len(list(run.rows("reviews"))) == len(others) + 1


def test_it_waits_for_as_many_people_as_were_asked(run, monkeypatch):
    honest = Item.of
    monkeypatch.setattr(Item, "of", classmethod(lambda cls, row: honest({**row, "reviewers": 2})))
    items = [item for item in queue_of(run).items.values() if item.round == 1]
    decide(run, items)
    still = Still(run)
    Review(timeout_s=0).run(still)
    assert f"{len(items)} items were not decided in time" in still.warned[-1]
    assert still.logged[0]["review"]["too_few"] == still.logged[0]["review"]["decided"] == len(items)
    decide(run, items, "ben")
    still = Still(run)
    Review(timeout_s=0).run(still)
    assert still.warned == []
    assert (still.logged[0]["review"]["too_few"], still.logged[0]["review"]["decided_twice"]) == (0, len(items))


def test_nothing_in_the_queue_is_nothing_to_wait_for(run):
    still = Still(run, number=7)
    Review().run(still)
    assert still.warned == []


def test_without_waiting_it_takes_what_is_there(run):
    items = list(queue_of(run).items.values())
    decide(run, items[:2])
    still = Still(run)
    Review(wait=False).run(still)
    measured = still.logged[0]["review"]
    assert (measured["decided"], measured["adopted_rows"], measured["picked"]) == (2, 2, 18)
    assert measured["by_outcome"] == {"reject": 2}
    assert still.warned == []


def test_it_times_out(run):
    still = Still(run)
    Review(timeout_s=0).run(still)
    assert "18 items were not decided in time" in still.warned[-1]


def test_skipping_takes_nothing(run):
    decide(run, list(queue_of(run).items.values()))
    still = Still(run)
    Review(skip=True).run(still)
    run.commit({})
    assert still.logged == []
    assert list(run.rows("reviews")) == []


def test_it_waits_for_one_gate_only(run):
    decide(run, [item for item in queue_of(run).items.values() if item.kind == "question"])
    still = Still(run)
    Review("generate").run(still)
    assert still.logged[0]["review"]["picked"] == 2


def test_a_polite_stop_leaves_it_at_once(run):
    def stop():
        raise Interrupted

    with pytest.raises(Interrupted):
        Review().run(Still(run, stop=stop))


def test_contradicting_reviewers_are_counted(run):
    labels = [item for item in queue_of(run).items.values() if item.kind == "label" and item.round == 1]
    decide(run, labels)
    log = ReviewLog(run.log_path("reviews"))
    log.add(Decision(labels[0].id, "approve", "ben", 0, "ben-1"))
    log.add(Decision(labels[1].id, "reject", "ben", 0, "ben-2"))
    still = Still(run)
    Review(wait=False).run(still)
    assert still.logged[0]["review"]["disputed"] == 1
    assert still.logged[0]["review"]["decided_twice"] == 2
    assert [item.id for item in queue_of(run).disputed] == [labels[0].id]


@pytest.mark.parametrize(
    "row",
    [
        {"hello": 1},
        {"round": 1},
        {"index": 1, "decision": "approve"},
        {"decision": "prefer"},
        {"round": "1", "index": 3, "decision": "prefer"},
        {"id": "label/1/24", "decision": "approve", "reviewer": "x", "time": 0, "key": "kk"},
        {
            "id": "label/1/24",
            "decision": "approve",
            "reviewer": "x",
            "time": 10**400,
            "key": "k",
            "round": 1,
            "index": 24,
        },
        {"id": "label/1/24", "decision": "approve", "reviewer": "x", "time": 0, "key": "k", "round": 2, "index": 24},
    ],
)
def test_no_stage_takes_over_what_none_could_read(run, row):
    with run.log_path("reviews").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    before = run.state["logs"]["reviews"]
    for stage in (Review(wait=False), Feedback(), SimulatedReview()):
        with pytest.raises(DamageError, match=r"reviews\.jsonl has a row that is no decision"):
            stage.run(Still(run))
    run.commit(run.own_state())
    assert run.state["logs"]["reviews"] == before


def test_a_decision_about_a_later_round_waits_until_that_is_there(run):
    decide(run, [item for item in queue_of(run).items.values() if item.round == 1][:2])
    end = run.log_path("reviews").stat().st_size
    decide(run, [item for item in queue_of(run).items.values() if item.round == 2][:2])
    still = Still(run)
    Review(wait=False).run(still)
    run.commit(run.own_state())
    assert run.state["logs"]["reviews"] == end
    assert "about round 2" in still.warned[0]
    Review(wait=False).run(Still(run, number=2))
    run.commit(run.own_state())
    assert run.state["logs"]["reviews"] == run.log_path("reviews").stat().st_size


def test_simulated_reviewers_have_any_name(run):
    logged = []
    for name in ("Zoë", "a b", "a-b"):
        still = Still(run)
        still.asked = lambda: [(item.index, Question(item.question)) for item in queue_of(run).items.values()]
        SimulatedReview(reviewer=name).run(still)
        logged += still.logged
    assert {row["reviewer"] for row in logged} == {"Zoë", "a b", "a-b"}
    assert len({Decision.of(row).key for row in logged}) == len(logged)


def test_a_row_that_is_no_decision_is_not_taken_over(run):
    with run.log_path("reviews").open("a", encoding="utf-8") as file:
        file.write('{"id": "label/1/0", "decision": "maybe", "reviewer": "x", "time": 0, "key": "k", "round": 1}\n')
    with pytest.raises(DamageError, match=r"reviews\.jsonl.*maybe"):
        Review(wait=False).run(Still(run))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at": "evaluate"}, "evaluate"),
        ({"wait": "yes"}, "wait"),
        ({"skip": 1}, "skip"),
        ({"timeout_s": -1}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"timeout_s": True}, "timeout_s"),
        ({"timeout_s": "1"}, "timeout_s"),
    ],
)
def test_options_that_cannot_work_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        Review(**options)


def test_waiting_needs_a_gate():
    gated = RunConfig().replace({"gates": [{"at": "label"}]})
    Review().check(SimpleNamespace(config=gated))
    Review(wait=False).check(SimpleNamespace(config=RunConfig()))
    for stage, config in ((Review(), RunConfig()), (Review("generate"), gated)):
        with pytest.raises(ConfigError, match="set a gate"):
            stage.check(SimpleNamespace(config=config))


def test_a_run_folder_of_old_has_no_queue(tmp_path):
    folder = RunFolder.create(tmp_path / "run", "", {})
    del folder.state["logs"]["queue"]
    assert queue_of(folder).items == {}
