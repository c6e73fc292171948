"""A run under policies: what is refused stands in the logs, is counted by role and round, and trains nobody."""

from collections import Counter

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import ALLOWED, Ruling
from selfplay_gym.core.registries import policies
from selfplay_gym.selfplay.guard import guard_events
from selfplay_gym.selfplay.report.write import render_report
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.run import round_log
from selfplay_gym.selfplay.run.refusals import Counts
from selfplay_gym.selfplay.settings.config import RunConfig

SAVING = {"roles.*.policy": "test-sevenths", "storage.save_every": 1}


class Sevenths:
    """Refuses texts whose digits make a number divisible by seven; cannot look at those divisible by eleven alone."""

    def check(self, text, role):
        digits = "".join(letter for letter in text if letter in "0123456789")
        number = int(digits or "1")
        if number % 7 == 0:
            return Ruling(True, "S5", "seventh")
        return ALLOWED if number % 11 else Ruling(False, "unchecked", "eleven")


@pytest.fixture(scope="module")
def refusing(scripted_run, tmp_path_factory):
    """Two rounds under that policy for both roles, with questions of a generator besides."""
    policies.register("test-sevenths", Sevenths)
    changes = {
        "roles.*.policy": "test-sevenths",
        "questions.sources": {"challenger": 0.6, "procedural": 0.4},
        "guard.thresholds.refused_share": 0.01,
    }
    yield scripted_run(tmp_path_factory.mktemp("refusing") / "run", changes=changes)
    policies.unregister("test-sevenths")


def refused(text):
    return Sevenths().check(text, "").refused


def counted(folder):
    """The counts of `metrics.jsonl` by round and role."""
    found = {}
    for row in folder.rows("metrics"):
        for role, counts in row.get("policy", {}).items():
            found.setdefault((row["round"], role), Counts()).add(Counts(**counts))
    return found


def test_refused_questions_are_not_asked_and_say_why(refusing):
    rows = list(refusing.rows("questions"))
    dropped = [row for row in rows if str(row["dropped"]).startswith("refused")]
    assert dropped
    assert {row["dropped"] for row in dropped} == {"refused: S5 (seventh)"}
    assert {row["source"] for row in dropped} == {"challenger", "procedural"}
    asked = [row for row in rows if row["dropped"] is None and row["source"] == "procedural"]
    assert asked
    assert not any(refused(row["text"]) for row in asked)
    labelled = [row for row in refusing.rows("metrics") if "written" in row]
    assert sum(row["refused"] for row in labelled) == len(dropped)
    fates = ("asked", "malformed", "refused", "repeated", "held_out")
    assert [row["written"] for row in labelled] == [sum(row[fate] for fate in fates) for row in labelled]


def test_refused_answers_match_no_label_and_are_nobodys_example(refusing):
    attempts = {(row["round"], row["index"]): row["attempts"] for row in refusing.rows("attempts")}
    some = 0
    for row in refusing.rows("labels"):
        texts = attempts[row["round"], row["index"]]
        reasons = row.get("refused", [None] * len(texts))
        assert [reason is not None for reason in reasons] == [refused(text) for text in texts]
        assert not any(match for match, reason in zip(row["matches"], reasons, strict=True) if reason is not None)
        some += sum(reason is not None for reason in reasons)
    assert some
    labelled = round_log.labelled(lambda name: [row for row in refusing.rows(name) if row["round"] == 2])
    assert labelled
    assert not any(refused(text) for one in labelled for text in one.attempts)


def test_every_refusal_is_logged_and_counted(refusing):
    rows = list(refusing.rows("refusals"))
    assert {row["role"] for row in rows} == {"challenger", "solver"}
    assert {row["phase"] for row in rows if row["role"] == "solver"} >= {"train(challenger)", "label", "train(solver)"}
    assert all(row["refused"] == refused(row["text"]) and row["text"] for row in rows)
    counts = counted(refusing)
    assert set(counts) == {(number, role) for number in (1, 2) for role in ("challenger", "solver")}
    for (number, role), own in counts.items():
        mine = [row for row in rows if (row["round"], row["role"]) == (number, role)]
        assert own.refused == sum(row["refused"] for row in mine) > 0
        assert own.codes == Counter(row["code"] for row in mine)
        assert own.checked > len(mine)


def test_each_text_is_looked_at_once(refusing):
    rows = {phase: [] for phase in ("generate", "label")}
    for row in refusing.rows("metrics"):
        if "policy" in row and row["phase"] in rows:
            rows[row["phase"]].append(row["policy"])
    written, tried = list(refusing.rows("questions")), [len(row["attempts"]) for row in refusing.rows("attempts")]
    assert sum(row["challenger"]["checked"] for row in rows["generate"]) == len(written)
    assert sum(row["solver"]["checked"] for row in rows["label"]) == sum(tried)


def test_alarms_are_raised_for_both_roles(refusing):
    raised = {(row["name"], row["phase"]) for row in guard_events(refusing)}
    assert ("refusals", "train(challenger)") in raised
    assert "unchecked" in {name for name, _ in raised}


def test_the_report_says_so(refusing):
    sentences = read_run_summary(refusing).refusals
    total = counted(refusing)[1, "solver"].refused + counted(refusing)[2, "solver"].refused
    assert any(f"refused {total:,} of" in sentence and "the solver: S5" in sentence for sentence in sentences)
    page = render_report(refusing)
    assert "What policies refused" in page
    assert all(sentence in page for sentence in sentences)


def test_a_run_without_refusals_is_the_same_with_rules_and_without(scripted_run, logged, tmp_path):
    runs = [scripted_run(tmp_path / name, rounds=1, changes={"roles.*.policy": name}) for name in ("rules", "none")]
    found = [logged(folder.path) for folder in runs]
    with_rules = [row for row in found[0]["metrics"] if "policy" not in row]
    assert len(with_rules) < len(found[0]["metrics"])
    assert with_rules == found[1]["metrics"]
    for name in ("questions", "attempts", "labels", "guard", "refusals"):
        assert found[0][name] == found[1][name]
    assert found[0]["refusals"] == []
    assert read_run_summary(runs[0]).refusals == []
    assert counted(runs[1]) == {}


@pytest.fixture(scope="module")
def whole(scripted_run, refusing, tmp_path_factory):
    """A round under the policy, saved after every step."""
    return scripted_run(tmp_path_factory.mktemp("whole") / "run", rounds=1, changes=SAVING)


@pytest.mark.parametrize("commit", [3, 8])
def test_a_killed_run_counts_as_one_that_was_not(
    scripted_run, resume_scripted, logged, power_cut, whole, tmp_path, commit
):
    with power_cut(commit):
        scripted_run(tmp_path / "run", rounds=1, changes=SAVING)
    resume_scripted(tmp_path / "run")
    assert logged(tmp_path / "run") == logged(whole.path)


@pytest.mark.parametrize("policy", ["ruels", "rules(file=none.toml)", "endpoint:localhost#m"])
def test_a_policy_that_cannot_be_made_is_refused_before_anything_is_written(scripted_run, tmp_path, policy):
    with pytest.raises(ConfigError):
        scripted_run(tmp_path / "run", changes={"roles.solver.policy": policy})
    assert not (tmp_path / "run" / "state.json").exists()


def test_policies_are_settings():
    config = RunConfig().replace({"roles.*.policy": "none", "roles.solver.policy": {"name": "rules", "file": "x.toml"}})
    assert config.roles["challenger"].policy == "none"
    assert RunConfig.from_dict(config.as_dict()) == config
    assert {row.policy for row in RunConfig().roles.values()} == {"rules"}
