"""What a browser may send, and what becomes of it."""

import fcntl
import json
import re

import pytest

from selfplay_gym.selfplay.storage import shared_file
from selfplay_gym.selfplay.storage.files import write_sealed

APPROVED = {"key": "k1", "id": "label/3/0", "decision": "approve"}


def test_every_kind_of_decision_is_written_with_what_was_seen(anna, runs, path):
    sent = [
        ("label/3/0", "approve", None),
        ("label/3/1", "edit", "8.5625"),
        ("question/3/2", "edit", {"question": "What is 1 + 1?", "label": None}),
        ("pair/3/1/0-1", "prefer", 1),
        ("attempt/3/1/2", "score", {"completeness": 1, "soundness": 4}),
    ]
    for item, decision, after in sent:
        assert anna.post(item, decision, after, note="so").status_code == 200
    rows = runs.decisions(path)
    assert [(row["id"], row["decision"], row["after"]) for row in rows] == sent
    assert {(row["reviewer"], row["note"]) for row in rows} == {("anna", "so")}
    assert [row["before"] for row in rows] == [runs.LABEL, runs.LABEL, runs.QUESTION, runs.LABEL, runs.LABEL]


def test_an_answer_says_what_was_done(anna):
    assert anna.post("label/3/0", "reject").json() == {"said": "Label 0 of round 3: rejected."}
    assert "attempt 1 preferred" in anna.post("pair/3/1/0-1", "prefer", 1).json()["said"]


def test_undo_is_a_further_row(anna, runs, path):
    anna.post("label/3/0", "approve", key="first")
    assert anna.post("label/3/0", "undo", before="first").status_code == 200
    rows = runs.decisions(path)
    assert [row["decision"] for row in rows] == ["approve", "undo"]
    assert "<strong>5</strong> of 5 left" in anna.queue()
    assert "You decided" not in anna.item("label/3/0").text


def test_an_undo_of_anything_else_is_refused(anna, reviewers, runs, path):
    bob = reviewers("bob")
    anna.post("label/3/0", "approve", key="annas")
    for item, before in (("label/3/0", "annas"), ("label/3/0", "nothing"), ("label/3/1", "annas"), ("label/3/0", None)):
        assert bob.post(item, "undo", before=before).status_code == 400
    assert len(runs.decisions(path)) == 1


def test_a_repeated_request_is_one_decision(anna, runs, path):
    answers = [anna.post("label/3/0", "approve", key="once") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(runs.decisions(path)) == 1


def test_a_key_stands_for_one_decision_only(anna, runs, path):
    anna.post("label/3/0", "approve", key="once")
    assert anna.post("label/3/0", "reject", key="once").status_code == 400
    assert anna.post("label/3/1", "approve", key="once").status_code == 400
    assert len(runs.decisions(path)) == 1


def test_a_browser_that_changed_its_name_does_not_decide_under_the_old_one(anna, runs, path):
    assert anna.post("label/3/0", "approve", reviewer="bob").status_code == 409
    assert runs.decisions(path) == []


WRONG = [
    {**APPROVED, "decision": "maybe"},
    {**APPROVED, "decision": None},
    {**APPROVED, "decision": ["approve"]},
    {**APPROVED, "decision": "prefer", "after": 0},
    {**APPROVED, "decision": "edit"},
    {**APPROVED, "decision": "edit", "after": "  "},
    {**APPROVED, "decision": "edit", "after": {"question": "x", "label": "y"}},
    {**APPROVED, "after": "something"},
    {**APPROVED, "key": ""},
    {**APPROVED, "key": None},
    {**APPROVED, "key": "a b"},
    {**APPROVED, "key": "k" * 201},
    {**APPROVED, "note": "n" * 10_001},
    {**APPROVED, "note": None},
    {**APPROVED, "note": 3},
    {**APPROVED, "time": 0},
    {**APPROVED, "round": 3},
    {"id": "pair/3/1/0-1", "key": "k", "decision": "prefer", "after": 2},
    {"id": "pair/3/1/0-1", "key": "k", "decision": "prefer", "after": True},
    {"id": "pair/3/1/0-1", "key": "k", "decision": "prefer", "after": 1.0},
    {"id": "attempt/3/1/2", "key": "k", "decision": "score", "after": {"completeness": 5, "soundness": 0}},
    {"id": "attempt/3/1/2", "key": "k", "decision": "score", "after": {"completeness": 1}},
    {"id": "attempt/3/1/2", "key": "k", "decision": "approve"},
    {},
    [],
    "approve",
    7,
]


@pytest.mark.parametrize("body", WRONG, ids=lambda body: json.dumps(body)[:60])
def test_what_is_no_decision_is_refused_with_a_reason(anna, runs, path, body):
    answer = anna.client.post(f"{anna.base}/decisions", json=body)
    assert answer.status_code in (400, 404)
    assert len(answer.json()["error"]) > 20
    assert runs.decisions(path) == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"\x00", 400),
        (b'{"key": NaN}', 400),
        (b'{"after": Infinity, "key": "k", "id": "label/3/0", "decision": "edit"}', 400),
        (b'{"after": 1' + b"0" * 5_000 + b"}", 400),
        (b"[" * 100_000, 400),
        (b'{"key": "k1", "id": "label/3/0", "decision": "edit", "after": "\\ud800"}', 400),
        (b'{"note": "' + b"x" * 2**20 + b'"}', 413),
        (b" " * 2**24, 413),
    ],
    ids=range(12),
)
def test_what_is_no_small_json_object_is_refused(anna, runs, path, content, status):
    headers = {"content-type": "application/json"}
    answer = anna.client.post(f"{anna.base}/decisions", content=content, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert runs.decisions(path) == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data; boundary=x"]
)
def test_a_form_of_another_site_is_no_decision(anna, runs, path, kind):
    content = json.dumps(APPROVED)
    answer = anna.client.post(f"{anna.base}/decisions", content=content, headers={"content-type": kind})
    assert answer.status_code == 415
    assert runs.decisions(path) == []


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example"}])
def test_another_page_cannot_decide(anna, runs, path, headers):
    answer = anna.client.post(f"{anna.base}/decisions", json=APPROVED, headers=headers)
    assert answer.status_code in (403, 421)
    assert runs.decisions(path) == []


@pytest.mark.parametrize(
    "item", ["label/3/99", "label/9/9", "../secret", "label/3/0/../1", "", None, 7, ["label/3/0"], "x" * 9_999]
)
def test_what_is_not_in_the_queue_cannot_be_decided(anna, runs, path, item):
    assert anna.post(item, "approve").status_code == 404
    assert runs.decisions(path) == []


def test_an_item_of_another_run_cannot_be_decided(anna, runs, path):
    other = runs.make_run(path.parent / "other", [runs.row("label/7/7")])
    assert anna.post("label/7/7", "approve").status_code == 404
    assert runs.decisions(path) == runs.decisions(other) == []


def test_a_failing_disk_is_said_and_may_be_tried_again(anna, path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("selfplay_gym.selfplay.reviews.decisions.append_lines", full)
        answer = anna.post("label/3/0", "approve", key="k")
    assert answer.status_code == 503
    assert "No space left" in answer.json()["error"]
    assert anna.post("label/3/0", "approve", key="k").status_code == 200


def test_a_line_that_nobody_can_read_is_named_and_nothing_is_lost(anna, path):
    (path / "reviews.jsonl").write_text('{"id": "label/3/0"}\n')
    answer = anna.post("label/3/0", "approve")
    assert answer.status_code == 503
    assert "reviews.jsonl" in answer.json()["error"]
    assert anna.item("label/3/0").status_code == 500


def test_a_label_that_does_not_exist_cannot_be_approved(reviewers, runs, path):
    other = runs.make_run(path.parent / "other", [runs.row("label/1/0", label=None, votes={})])
    anna = reviewers("anna", other)
    assert 'data-do="approve"' not in anna.item("label/1/0").text
    assert anna.post("label/1/0", "approve").status_code == 400
    assert anna.post("label/1/0", "edit", "12").status_code == 200


@pytest.fixture
def state(path):
    """`state(phase)`: the run commits, and adopts what was decided by then."""

    def commit(phase):
        logs = {"reviews": (path / "reviews.jsonl").stat().st_size}
        write_sealed(path / "state.json", {"settings": ["0" * 64], "logs": logs, "phase": phase})

    return commit


def test_what_the_run_has_adopted_is_closed(anna, reviewers, runs, path, state):
    bob = reviewers("bob")
    anna.post("label/3/0", "approve", key="annas")
    state("train(solver)")
    for one, decision, more in ((anna, "reject", {}), (bob, "reject", {}), (anna, "undo", {"before": "annas"})):
        answer = one.post("label/3/0", decision, **more)
        assert answer.status_code == 409
        assert "adopted" in answer.json()["error"]
    page = anna.item("label/3/0").text
    assert "adopted" in page
    assert 'data-do="approve"' not in page
    assert anna.post("label/3/0", "approve", key="annas").status_code == 200, "a repeated request is answered as before"
    assert anna.post("label/3/1", "approve").status_code == 200, "the others are open"
    assert 'data-do="undo"' in anna.item("question/3/2").text
    assert 'value="annas"' not in anna.item("question/3/2").text
    assert len(runs.decisions(path)) == 2


def test_a_run_that_is_over_takes_scores_and_nothing_else(anna, runs, path, state):
    state("done")
    assert "This run is over" in anna.queue()
    for item, decision, after in (("label/3/0", "approve", None), ("pair/3/1/0-1", "prefer", 0)):
        assert "This run is over" in anna.item(item).text
        answer = anna.post(item, decision, after)
        assert answer.status_code == 409
        assert "over" in answer.json()["error"]
    assert anna.post("attempt/3/1/2", "score", {"completeness": 0, "soundness": 0}).status_code == 200
    assert len(runs.decisions(path)) == 1


def test_a_folder_that_cannot_be_written_to_says_so(anna, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    assert "cannot be written to" in anna.queue()
    assert "cannot be written to" in anna.item("attempt/3/1/2").text
    assert anna.post("attempt/3/1/2", "score", {"completeness": 0, "soundness": 0}).status_code == 409


@pytest.mark.parametrize("changes", [{"question": 7}, {"attempts": "x"}, {"votes": [1]}, {"label": {"a": 1}}], ids=str)
def test_a_row_that_is_no_item_is_named(reviewers, runs, path, changes):
    other = runs.make_run(path.parent / "other", [runs.row("label/1/0", **changes), runs.row("label/1/1")])
    anna = reviewers("anna", other)
    assert anna.item("label/1/0").status_code == 500
    assert "is no item" in anna.item("label/1/0").text
    assert anna.post("label/1/0", "approve").status_code == 503
    assert anna.post("label/1/1", "approve").status_code == 200


def test_what_people_write_comes_back_as_it_was(reviewers, runs, hostile, path):
    texts = [text for text in hostile.SOME.values() if not any("\ud800" <= one <= "\udfff" for one in text)]
    other = runs.make_run(path.parent / "other", [runs.row(f"label/1/{number}") for number in range(len(texts))])
    anna, bob = reviewers("<b>anna</b> {{7*7}}", other), reviewers("bob", other)
    for number, text in enumerate(texts):
        assert anna.post(f"label/1/{number}", "edit", text, note=text).status_code == 200
        bob.post(f"label/1/{number}", "reject")
        page = bob.item(f"label/1/{number}").text
        assert "&lt;b&gt;anna&lt;/b&gt; {{7*7}}" in page
        assert not re.search(r"<(b|script|img|svg|iframe|base|meta http|math|style)\b", page.split("</head>")[1])
    assert [(row["note"], row["after"]) for row in runs.decisions(other) if row["decision"] == "edit"] == [
        (text, text) for text in texts
    ]


@pytest.mark.parametrize("field", ["key", "id", "decision", "reviewer", "after", "before", "note"])
@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\udc80\ud83d"])
def test_half_a_pair_of_surrogates_is_no_mistake_of_ours(anna, field, text):
    body = {"key": "k1", "id": "label/3/0", "decision": "edit", "after": "1", field: text}
    headers = {"content-type": "application/json"}
    answer = anna.client.post(f"{anna.base}/decisions", content=json.dumps(body), headers=headers)
    assert answer.status_code < 500
    assert set(answer.json()) <= {"said", "error"}
    assert (
        anna.client.post(f"{anna.base}/reviewer", content=json.dumps({"name": text}), headers=headers).status_code
        == 400
    )


def test_a_log_that_somebody_keeps_locked_holds_up_no_page(anna, runs, path, monkeypatch):
    monkeypatch.setattr(shared_file.held_for_writing.__wrapped__, "__defaults__", (0.05,))
    with (path / "reviews.jsonl").open("rb") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        answer = anna.post("label/3/0", "approve", key="later")
        assert answer.status_code == 503
        assert "kept locked" in answer.json()["error"]
        assert "label/3/0" in anna.item("label/3/0").text
    assert anna.post("label/3/0", "approve", key="later").status_code == 200
    assert len(runs.decisions(path)) == 1


def test_a_second_person_may_still_decide_when_two_are_asked_and_a_third_may_not(reviewers, tmp_path, runs):
    """Each decision is adopted before the next one comes, as by a run that does not wait."""
    path = runs.make_run(tmp_path / "runs" / "twice", [runs.row("label/3/0", reviewers=2)])
    anna, bob, cleo = (reviewers(name, path) for name in ("anna", "bob", "cleo"))

    def adopt():
        length = (path / "reviews.jsonl").stat().st_size
        state = {"round": 3, "phase": "attempt", "settings": ["0" * 64], "logs": {"reviews": length}}
        write_sealed(path / "state.json", state)

    assert "2 people are asked, nobody has decided" in anna.queue()
    assert anna.post("label/3/0", "approve").status_code == 200
    adopt()
    assert anna.post("label/3/0", "reject").status_code == 409
    page = bob.item("label/3/0").text
    assert "2 people are asked, one has decided" in page
    assert "approved" not in page
    assert bob.post("label/3/0", "reject").status_code == 200
    assert "Others decided differently" in bob.item("label/3/0").text
    adopt()
    assert cleo.post("label/3/0", "approve").status_code == 409
    assert len(runs.decisions(path)) == 2
