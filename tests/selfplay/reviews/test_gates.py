"""Gates: what they pick, why, and that it is the same every time."""

import json

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.rewards.nearest import NearestTexts
from selfplay_gym.selfplay.reviews.items import Candidate, Item
from selfplay_gym.selfplay.reviews.picking import pick
from selfplay_gym.selfplay.reviews.review_queue import items_of, open_items, queue_of
from selfplay_gym.selfplay.reviews.rules import RULES, Round
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.files import read_toml, to_toml
from selfplay_gym.selfplay.settings.gates import RULES as NAMES
from selfplay_gym.selfplay.settings.gates import GateConfig


def candidate(index, answers, label="12", source="vote", check=None, claim=None, text="Compute 7+5.", right=None):
    row = {"index": index, "round": 1, "text": text, "reference": claim, "author": "challenger", "dropped": None}
    matches = [answer == label for answer in answers] if right is None else right
    labelled = {"label": label, "label_source": source, "check": check, "answers": answers, "matches": matches}
    return Candidate(row, {**labelled, "solve_rate": 0.5}, [f"so {answer}" for answer in answers])


def picked(gate, candidates, alarms=(), earlier=(), seed=0, taken=()):
    here = Round(alarms, lambda: NearestTexts(earlier))
    return pick(GateConfig(**gate), candidates, here, python_stream(seed, "test"), taken)


SPLIT = candidate(0, ["12", "12", "13", "14"])
CLEAR = candidate(1, ["12", "12", "12", "12"])
CLOSE = candidate(2, ["12", "13", "13", "12"])
CLAIMED = candidate(3, ["12", "12", "12", "12"], claim="13")
CHECKED = candidate(4, ["12", "12", "12", None], source="checked", check={"agrees": True})
REFUTED = candidate(5, ["12", "12", "12", None], source="checked", check={"agrees": False})
KNOWN = candidate(6, ["12", "11", "12", None], source="reference", claim="12")
NONE = candidate(7, ["1", "1", "1", "2"], label=None)
ALL = [SPLIT, CLEAR, CLOSE, CLAIMED, CHECKED, REFUTED, KNOWN, NONE]


def test_the_settings_name_every_rule():
    assert set(NAMES) == set(RULES)


@pytest.mark.parametrize(
    ("on", "most", "found"),
    [
        ("disagreement", 2, [3, 5]),
        ("disagreement", 99, [0, 2, 3, 5, 6]),
        ("low-margin", 1, [2]),
        ("low-margin", 99, [0, 2, 6, 7]),
        ("unchecked", 99, [0, 1, 2, 3, 5]),
        ("alarm", 99, []),
        ("random", 99, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_rules_pick_what_they_are_about(on, most, found):
    assert [item.index for item in picked({"on": on, "least": most}, ALL)] == found


def test_reasons_are_words():
    reasons = {item.index: item.reason for item in picked({"on": "disagreement", "least": 9}, ALL)}
    assert reasons[3] == "the challenger claims 13"
    assert "asked another way" in reasons[5]
    assert reasons[0] == "2 of 4 attempts came to another answer"
    (item,) = picked({"on": "low-margin", "least": 1}, ALL)
    assert item.reason == "2 of 4 attempts came to 12, and 2 to 13"
    (item,) = picked({"on": "alarm", "least": 1}, ALL, alarms=["entropy", "entropy"])
    assert item.reason.endswith("entropy")


def test_what_is_like_nothing_before_is_novel():
    texts = ["Compute 7+5.", "Is every dog an animal?", "Compute 7+6."]
    candidates = [candidate(index, ["12"], text=text) for index, text in enumerate(texts)]
    found = picked({"on": "novel", "least": 1}, candidates, earlier=["Compute 7+5.", "Compute 1+1."])
    assert [item.index for item in found] == [1]


def test_share_and_least_decide_how_many():
    candidates = [candidate(index, ["12"]) for index in range(200)]
    for gate, count in (
        ({"sample": 0.02, "least": 0}, 4),
        ({"sample": 0.021, "least": 0}, 5),
        ({"sample": 0.02, "least": 20}, 20),
        ({"sample": 1.0, "least": 0}, 200),
        ({"sample": 0.0, "least": 999}, 200),
    ):
        assert len(picked({"on": "random", **gate}, candidates)) == count
    assert picked({"on": "random"}, []) == []


def test_equal_seeds_pick_the_same_and_others_do_not():
    candidates = [candidate(index, ["12"]) for index in range(200)]
    gate = {"on": "random", "least": 10}
    assert picked(gate, candidates) == picked(gate, candidates)
    assert picked(gate, candidates) != picked(gate, candidates, seed=1)
    first = picked(gate, candidates)
    again = picked(gate, candidates, taken={item.id for item in first})
    assert len(again) == 10
    assert not {item.id for item in first} & {item.id for item in again}


def test_a_pair_is_a_right_and_a_wrong_attempt_or_the_two_largest_answers():
    found = {item.index: item for item in picked({"on": "random", "kind": "pair", "least": 99}, ALL)}
    assert set(found) == {0, 2, 5, 4, 6, 7}  # of the others all attempts agree
    for index in (0, 2, 6):
        assert {shown.right for shown in found[index].attempts} == {True, False}
    assert [shown.answer for shown in found[7].attempts] == ["1", "2"]
    assert found[7].id == "pair/1/7/0-3"
    assert all(item.attempts[0].number < item.attempts[1].number for item in found.values())


def test_a_label_is_shown_with_its_answers_and_examples():
    (item,) = picked(
        {"on": "random", "least": 1}, [candidate(0, ["13", "12", "13.0", None], right=[False, True, False, False])]
    )
    assert item.votes == {"12": 1, "13": 1, "13.0": 1}
    assert [shown.number for shown in item.attempts] == [0, 1, 2]
    assert item.seen == "12"
    assert "approve" in item.choices
    (unlabelled,) = picked({"on": "random", "least": 1}, [NONE])
    assert "approve" not in unlabelled.choices
    assert Item.of(json.loads(json.dumps(item.row()))) == item


@pytest.mark.parametrize(
    "change",
    [
        {"id": 3},
        {"id": "../../etc"},
        {"question": None},
        {"votes": {"12": "many"}},
        {"attempts": [{"text": 3}]},
        {"attempts": "text"},
        {"label": 12},
        {"solve_rate": "high"},
    ],
)
def test_rows_of_somebody_elses_queue_are_items_or_refused(change):
    (item,) = picked({"on": "random", "least": 1}, [SPLIT])
    with pytest.raises(ConfigError, match="item"):
        Item.of({**item.row(), **change})


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"at": "lable"}, r"gates\[0\].at 'lable'. Did you mean 'label'"),
        ({"at": "evaluate"}, "gates"),
        ({"at": "train(challenger)"}, "gates"),
        ({"at": "sft(solver)"}, "stage that this run does not have"),
        ({"on": "randon"}, "Did you mean 'random'"),
        ({"at": "generate", "on": "low-margin"}, "no labels|none yet"),
        ({"at": "generate", "kind": "pair"}, "kind"),
        ({"kind": "question"}, "kind"),
        ({"sample": 1.5}, r"gates\[0\].sample"),
        ({"sample": float("nan")}, "finite"),
        ({"least": -1}, "least"),
        ({"least": 2.5}, "least"),
        ({"sample": 0, "least": 0}, "picks nothing"),
        ({"simple": 0.1}, "Did you mean 'sample'"),
    ],
)
def test_gates_that_cannot_work_are_refused_by_name(gate, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig().replace({"gates": [gate]})


def test_gates_are_set_in_a_file_and_on_the_command_line(tmp_path):
    told = 'gates=[{at = "label", sample = 0.02, least = 20, on = "disagreement"}]'
    config = compose("tiny", assignments=[told])
    (gate,) = config.review_gates
    assert (gate.name, gate.kind, gate.sample, gate.least) == ("label: disagreement", "label", 0.02, 20)
    (tmp_path / "run.toml").write_text(to_toml(config), encoding="utf-8")
    assert RunConfig().replace(read_toml(tmp_path / "run.toml")) == config
    for bad in ("gates=3", 'gates=["label"]', "gates=[[]]"):
        with pytest.raises(ConfigError, match="gates"):
            compose("tiny", assignments=[bad])
    with pytest.raises(UnknownNameError):
        compose("tiny", assignments=['gates=[{at="labels"}]'])


def test_a_run_writes_its_queue(open_run):
    items = list(items_of(open_run))
    by_kind = {kind: [item for item in items if item.kind == kind] for kind in ("question", "label", "pair", "attempt")}
    assert len(by_kind["question"]) == 4
    assert len(by_kind["attempt"]) == 20
    assert all(by_kind.values())
    assert len({item.id for item in items}) == len(items)
    phases = {row["phase"] for row in open_run.rows("queue")}
    assert phases == {"generate", "label"}
    texts = {(row["round"], row["index"]): row["text"] for row in open_run.rows("questions")}
    assert all(texts[item.round, item.index] == item.question for item in items)
    attempts = {(row["round"], row["index"]): row["attempts"] for row in open_run.rows("attempts")}
    for item in items:
        for shown in item.attempts:
            assert attempts[item.round, item.index][shown.number] == shown.text
    assert items == queue_of(open_run.path).undecided
    assert open_items(open_run, "anna") == sorted(
        items, key=lambda item: item.kind == "attempt"
    )  # nobody waits for these
