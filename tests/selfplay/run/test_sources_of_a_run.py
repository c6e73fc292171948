"""Several sources in one run: shares, known answers as labels, streams of their own, and a resume to the same end."""

import json

import pytest

from selfplay_gym import train
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.records import GIVEN, Outcome, Question
from selfplay_gym.selfplay.report.sources import source_table
from selfplay_gym.selfplay.run.questions.references import ByDomain, Graded, in_parts, owns_label
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.presets import preset
from selfplay_gym.verifiers.references.exact import ExactVerifier


@pytest.fixture
def sources(tmp_path):
    rows = [{"question": f"What is {i}-1?", "answer": i - 1} for i in range(40, 200)]
    own = tmp_path / "own.jsonl"
    own.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return {
        "challenger": [0.2, 0.4],
        "procedural": 0.2,
        "open(data=rg:chain_sum)": 0.2,
        f"open(data='jsonl:{own}')": 0.1,
        f"file(path='{own}')": 0.1,
        "agent(name=generator)": 0.1,
        "replay(by=all)": [0.0, 0.1],
    }


@pytest.mark.slow
def test_a_run_of_all_sources_that_was_stopped_ends_as_one_that_was_not(
    scripted_run, resume_scripted, logged, sources, tmp_path
):
    changes = {"questions.sources": sources}
    whole = scripted_run(tmp_path / "whole", rounds=3, changes=changes)
    for until in ("attempt", "label"):
        scripted_run(tmp_path / until, rounds=2, until=until, changes=changes)
        resume_scripted(tmp_path / until)
        assert logged(tmp_path / until) == logged(whole.path)
    by_round = {number: [row for row in whole.rows("questions") if row["round"] == number] for number in (1, 2, 3)}
    shares = {n: {row["source"] for row in rows} for n, rows in by_round.items()}
    assert shares[2] == set(sources)
    assert shares[1] == set(sources) - {"replay(by=all)"}
    earlier = {row["text"] for row in by_round[1] if row["dropped"] is None}
    again = {row["text"] for row in by_round[2] if row["source"] == "replay(by=all)"}
    assert again
    assert again <= earlier


def test_a_source_that_is_taken_out_changes_no_other_ones_questions(scripted_run, sources, tmp_path):
    def drawn(path, names):
        changes = {"questions.sources": dict.fromkeys(names, 1.0)}
        run = scripted_run(path, rounds=0, until="attempt", questions=5 * len(names), changes=changes)
        found = {}
        for row in run.rows("questions"):
            found.setdefault(row["source"], set()).add(row["text"])
        return found

    everything = drawn(tmp_path / "all", sources)
    for place, name in enumerate(["procedural", "open(data=rg:chain_sum)", "agent(name=generator)"]):
        del everything[name]
        assert (
            drawn(tmp_path / str(place), [other for other in sources if other in everything or "replay" in other])
            == everything
        )


@pytest.mark.parametrize(("references", "from_reference"), [("given", {"o"}), ("known", {"o", "p"}), ("none", set())])
def test_known_answers_are_labels_as_far_as_the_settings_say(scripted_run, tmp_path, references, from_reference):
    changes = {
        "questions.sources": {"challenger": 1.0, "procedural": 1.0, "open(data=rg:chain_sum)": 1.0},
        "labels.references": references,
    }
    run = scripted_run(tmp_path / "run", rounds=1, changes=changes)
    source = {row["index"]: row["source"] for row in run.rows("questions")}
    found = {}
    for row in run.rows("labels"):
        found.setdefault(source[row["index"]][0], set()).add(row["label_source"])
    assert found == {name: {"reference" if name in from_reference else "vote"} for name in "cpo"}
    labellings = [(row["round"], row) for row in run.rows("metrics") if "by_source" in row]
    header, cells = source_table(labellings)
    assert [row[0] for row in cells] == list(changes["questions.sources"])
    assert all(len(row) == len(header) for row in cells)
    assert sum(int(row[1]) for row in cells) == labellings[0][1]["asked"]


def test_a_claim_never_owns_its_label():
    claim = Question("What is 1+1?", "3", author="challenger", meta={GIVEN: True})
    assert not any(owns_label(claim, references) for references in ("given", "known", "none"))
    assert not owns_label(Question("Who?", None, author="file", meta={GIVEN: True}), "known")


def test_questions_of_another_domain_are_held_against_what_their_own_grader_says():
    sums = Question("What is 1+1?", "2")
    words = Question("Who wrote it?", "Ann", domain="nobody-registered")
    verdicts = ByDomain("math", ExactVerifier()).judge_many([words, sums, words], [["Ann"], [r"\boxed{2}"], ["Bob"]])
    assert [one.verdicts[0].outcome for one in verdicts] == [Outcome.CORRECT, Outcome.CORRECT, Outcome.WRONG]
    assert Graded().judge(words, ["Ann"]).verdicts[0].outcome is Outcome.CORRECT
    assert in_parts([], [], lambda question: question.domain, lambda domain: Graded()) == []


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"challenger": []}, "one for each round"),
        ({"challenger": [1.0, -0.5]}, "in round 2"),
        ({"challenger": [1.0, 0.0], "procedural": [0.5, 0.0]}, "in round 2"),
        ({"challenger": "much"}, "sources"),
    ],
)
def test_shares_that_no_round_could_have_are_refused(sources, message):
    with pytest.raises(ConfigError, match=message):
        RunConfig().replace({"questions.sources": sources})


@pytest.mark.parametrize(
    "sources",
    [
        {"replay": 1.0},
        {"replay(by=all)": 0.5, "adversarial(of=replay)": 0.5},
        {"adversarial(of='adversarial(of=replay)')": 1.0, "procedural": 0.0},
        {"replay": 1.0, "procedural": [0.0, 0.0]},
    ],
)
def test_a_run_that_only_asks_again_is_refused_before_it_begins(scripted_run, tmp_path, sources):
    with pytest.raises(ConfigError, match="only asks questions of earlier rounds again"):
        scripted_run(tmp_path / "run", rounds=1, changes={"questions.sources": sources})
    assert not (tmp_path / "run").exists()


def test_an_unknown_rule_for_references_is_refused():
    with pytest.raises(ConfigError, match="given"):
        RunConfig().replace({"labels.references": "givn"})


@pytest.mark.slow
def test_the_preset_full_plays(tmp_path):
    small = {"rounds": 3, "questions.count": 60, "exam": {"questions": 16, "samples": 1}, "roles.*.steps": 2}
    folder = train(preset("full").replace(small), tmp_path / "run")
    assert {row["source"] for row in folder.rows("questions")} >= {"open", "replay"}


def test_a_file_gives_each_row_once_in_a_run_with_a_share_per_round(scripted_run, resume_scripted, logged, tmp_path):
    own = tmp_path / "own.jsonl"
    own.write_text("".join(json.dumps({"question": f"What is {i}-1?", "answer": i - 1}) + "\n" for i in range(40, 140)))
    changes = {
        "questions.sources": {"procedural": [0.9, 0.5, 0.8], f"file(path='{own}')": [0.1, 0.5, 0.2]},
        "questions.count": 20,
    }
    whole = scripted_run(tmp_path / "whole", rounds=3, changes=changes)
    texts = [row["text"] for row in whole.rows("questions") if row["source"] != "procedural"]
    assert len(texts) == len(set(texts)) == 2 + 10 + 4
    scripted_run(tmp_path / "stopped", rounds=2, until="label", changes=changes)
    resume_scripted(tmp_path / "stopped")
    assert logged(tmp_path / "stopped") == logged(whole.path)
