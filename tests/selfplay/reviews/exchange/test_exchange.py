"""Items to other tools and their answers back: formats, all or nothing, and reading twice changes nothing."""

import json
from xml.etree import ElementTree

import pytest

from selfplay_gym.cli import main
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.selfplay.reviews.decisions import Decision, ReviewLog
from selfplay_gym.selfplay.reviews.exchange import argilla, label_studio
from selfplay_gym.selfplay.reviews.exchange.answers import CHOICES
from selfplay_gym.selfplay.reviews.exchange.files import export_items, import_answers
from selfplay_gym.selfplay.reviews.items import Item, Shown
from selfplay_gym.selfplay.reviews.review_queue import queue_of
from selfplay_gym.selfplay.run.stage import DONE

HOSTILE = ["\x1b[31m", "\u202e", "\ud800", "</Text><script>", "x" * 2**20, '"\n\0', "$question"]


@pytest.fixture
def run(run):
    """A run with a queue that goes on."""
    run.commit({**run.own_state(), "phase": "train(solver)"})
    return run


def chosen(item):
    """What a reviewer of a tool answers: choice, texts, scores."""
    return {
        "question": ("edit", {"question_text": "What is 1+1?", "label_text": "2"}, {}),
        "label": ("edit", {"label_text": "13", "note": "sure"}, {}),
        "pair": ("second", {}, {}),
        "attempt": ("score", {}, {"completeness": 4, "soundness": 1}),
    }[item.kind]


def studio_export(tasks, items, user=7, **more):
    """Label Studio's JSON export of tasks that somebody worked through."""
    found = []
    for number, task in enumerate(tasks, start=1):
        choice, texts, scores = chosen(items[task["data"]["item"]])
        base = {"to_name": "question", "origin": "manual", "id": f"r{number}"}
        result = [{**base, "from_name": "decision", "type": "choices", "value": {"choices": [choice]}}]
        result += [{**base, "from_name": n, "type": "textarea", "value": {"text": [t]}} for n, t in texts.items()]
        result += [
            {**base, "from_name": n, "type": "choices", "value": {"choices": [str(s)]}} for n, s in scores.items()
        ]
        annotation = {"id": number, "completed_by": user, "result": result, "was_cancelled": False}
        annotation |= {"created_at": "2026-05-01T10:00:00.5Z", "updated_at": "2026-05-01T10:05:00.5Z", **more}
        found.append({"id": number, "data": task["data"], "annotations": [annotation], "predictions": []})
    return found


def argilla_export(records, items, user="6f9c1d2e-0000-4000-8000-000000000001", status=None):
    found = []
    for record in records:
        choice, texts, scores = chosen(items[record["id"]])
        extra = {} if status is None else {"status": status}
        said = {"decision": choice, **texts, **scores}
        responses = {name: [{"value": value, "user_id": user, **extra}] for name, value in said.items()}
        found.append({**record, "responses": responses, "_server_id": "x"})
    return found


@pytest.mark.parametrize(
    ("tool", "answered", "reviewer"),
    [
        ("label-studio", studio_export, "label-studio 7"),
        ("argilla", argilla_export, "argilla 6f9c1d2e-0000-4000-8000-000000000001"),
    ],
)
def test_there_and_back(run, tmp_path, tool, answered, reviewer):
    items = dict(queue_of(run).items)
    count, files = export_items(run, tool, tmp_path / "items.json")
    assert count == len(items)
    assert all(path.is_file() for path in files)
    exported = json.loads((tmp_path / "items.json").read_text())
    (tmp_path / "answers.json").write_text(json.dumps(answered(exported, items)))
    made, _ = import_answers(run, tmp_path / "answers.json", now=5.0)
    assert len(made) == count
    found = {item: own[reviewer] for item, own in queue_of(run).decided.items()}
    for item in items.values():
        decision = found[item.id]
        assert (decision.decision, decision.after) == {
            "question": ("edit", {"question": "What is 1+1?", "label": "2"}),
            "label": ("edit", "13"),
            "pair": ("prefer", max((shown.number for shown in item.attempts), default=None)),
            "attempt": ("score", {"completeness": 4, "soundness": 1}),
        }[item.kind]
        assert decision.before == item.seen
        assert decision.note == ("sure" if item.kind == "label" else "")
        assert decision.time == (5.0 if tool == "argilla" else 1777629900.5)
    assert import_answers(run, tmp_path / "answers.json") == ([], [])
    assert queue_of(run).undecided == []
    assert export_items(run, tool, tmp_path / "items.json")[0] == 0
    assert json.loads((tmp_path / "items.json").read_text()) == []


def test_an_answer_that_changed_and_changed_back_counts_each_time(run, tmp_path):
    items = queue_of(run).items
    tasks = [task for task in label_studio.tasks(list(items.values())) if task["data"]["kind"] == "label"][:1]
    item = tasks[0]["data"]["item"]
    for choice in ("reject", "edit", "reject", "reject"):
        exported = studio_export(tasks, items)
        exported[0]["annotations"][0]["result"][0]["value"]["choices"] = [choice]
        (tmp_path / "answers.json").write_text(json.dumps(exported))
        import_answers(run, tmp_path / "answers.json")
        assert queue_of(run).decided[item]["label-studio 7"].decision == choice
    assert len(ReviewLog(run.log_path("reviews")).rows()[0]) == 3


def test_an_answer_counts_again_after_it_was_taken_back(run, tmp_path):
    items = queue_of(run).items
    tasks = [task for task in label_studio.tasks(list(items.values())) if task["data"]["kind"] == "label"][:1]
    (tmp_path / "answers.json").write_text(json.dumps(studio_export(tasks, items)))
    for _ in range(3):
        ((made,), _) = import_answers(run, tmp_path / "answers.json")
        assert queue_of(run).decided[made.id][made.reviewer] == made
        assert import_answers(run, tmp_path / "answers.json") == ([], [])
        log = ReviewLog(run.log_path("reviews"))
        log.add(Decision(made.id, "undo", made.reviewer, 0, f"undo-{made.key}", before=made.key))
    assert len(log.rows()[0]) == 6


def test_several_reviewers_and_skipped_tasks(run, tmp_path):
    items = queue_of(run).items
    tasks = label_studio.tasks(list(items.values()))[:3]
    exported = studio_export(tasks, items, user={"id": 3, "email": "ben@example.org"})
    exported[0]["annotations"] += studio_export(tasks, items, user=8)[0]["annotations"]
    exported[1]["annotations"][0]["was_cancelled"] = True
    exported[2]["annotations"] = []
    (tmp_path / "answers.json").write_text(json.dumps(exported))
    import_answers(run, tmp_path / "answers.json")
    (own,) = queue_of(run).decided.values()
    assert set(own) == {"ben@example.org", "label-studio 8"}
    drafts = argilla_export(argilla.records(list(items.values())), items, status="draft")
    (tmp_path / "drafts.json").write_text(json.dumps(drafts))
    assert import_answers(run, tmp_path / "drafts.json") == ([], [])


def broken(exported, how):
    task = exported[-1]
    if how == "item":
        task["data"]["item"] = "label/9/9"
    elif how == "min":
        exported[-1] = {"item": "label/1/1", "decision": "approve"}
    elif how == "choice":
        task["annotations"][0]["result"][0]["value"]["choices"] = ["maybe"]
    elif how == "undecided":
        del task["annotations"][0]["result"][0]
    elif how == "value":
        task["annotations"][0]["result"][0]["value"] = 3
    elif how == "result":
        task["annotations"][0]["result"] = None
    elif how == "scores":
        task["annotations"][0]["result"][1]["value"]["choices"] = ["9"]
    elif how == "digits":
        task["annotations"][0]["result"][1]["value"]["choices"] = ["4" * 5_000]
    elif how == "annotations":
        task["annotations"] = 5
    elif how == "name":
        task["annotations"][0]["completed_by"] = {"email": "\u202eben"}
    return exported


@pytest.mark.parametrize(
    "how", ["item", "min", "choice", "undecided", "value", "result", "scores", "digits", "annotations", "name"]
)
def test_one_answer_that_is_none_and_nothing_is_taken(run, tmp_path, how):
    items = queue_of(run).items
    exported = broken(studio_export(label_studio.tasks(list(items.values())), items), how)
    (tmp_path / "answers.json").write_text(json.dumps(exported))
    with pytest.raises(ConfigError):
        import_answers(run, tmp_path / "answers.json")
    assert run.log_path("reviews").read_bytes() == b""


@pytest.mark.parametrize("said", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon"])
def test_a_time_that_no_clock_knows_is_no_reason_to_refuse(run, tmp_path, said):
    items = queue_of(run).items
    exported = studio_export(label_studio.tasks(list(items.values())), items, updated_at=said)
    (tmp_path / "answers.json").write_text(json.dumps(exported))
    assert all(one.time >= 0 for one in import_answers(run, tmp_path / "answers.json", now=5.0).written)
    assert queue_of(run).undecided == []


@pytest.mark.parametrize(
    "text",
    ["", "{}", "3", "[3]", '[{"id": 3}]', '[{"id": "label/1/1", "responses": 3}]', "[" * 10**5, '[{"data": null}]'],
)
def test_files_of_no_tool_are_refused(run, tmp_path, text):
    (tmp_path / "answers.json").write_text(text)
    with pytest.raises(ConfigError):
        import_answers(run, tmp_path / "answers.json")
    with pytest.raises(ConfigError, match="no such file"):
        import_answers(run, tmp_path / "nowhere.json")


def test_broken_responses_of_argilla_are_named(run, tmp_path):
    items = queue_of(run).items
    records = argilla.records(list(items.values()))
    for change in ({"decision": [{"value": "approve"}]}, {"note": [{"value": "x", "user_id": "u"}]}):
        exported = [{**records[0], "responses": change}]
        (tmp_path / "answers.json").write_text(json.dumps(exported))
        with pytest.raises(ConfigError, match="record 0"):
            import_answers(run, tmp_path / "answers.json")


def test_what_argilla_leaves_out_is_not_guessed(run, tmp_path):
    """Its `to_json` says of a record whether enough people have submitted, and of no response whether it was one."""
    items = queue_of(run).items
    records = argilla.records(list(items.values()))[:4]
    made = argilla_export(records, items)
    two = argilla_export(records[:1], items)[0]
    for said in two["responses"].values():
        said.append({**said[0], "user_id": "somebody else"})

    def imported(*exported):
        (tmp_path / "answers.json").write_text(json.dumps(exported))
        return import_answers(run, tmp_path / "answers.json")

    assert imported({**made[1], "status": "pending"}) == ([], [])
    assert len(imported({**made[1], "status": "completed"}).written) == 1
    with pytest.raises(ConfigError, match="record 1 has responses of 2 users"):
        imported({**made[2], "status": "completed"}, {**two, "status": "completed"})
    for said in two["responses"].values():
        said[0]["status"], said[1]["status"] = "draft", "submitted"
    assert [one.reviewer for one in imported({**two, "status": "pending"}).written] == ["argilla somebody else"]


def test_as_many_people_as_were_asked_submit_a_record(run, tmp_path, monkeypatch):
    honest = Item.of
    monkeypatch.setattr(Item, "of", classmethod(lambda cls, row: honest({**row, "reviewers": 2})))
    export_items(run, "argilla", tmp_path / "items.json")
    settings = json.loads((tmp_path / "items.settings.json").read_text())
    assert settings["distribution"] == {"strategy": "overlap", "min_submitted": 2}


def test_the_labelling_configuration_fits_the_tasks():
    root = ElementTree.fromstring(label_studio.CONFIG)
    names = {node.get("name") for node in root.iter() if node.get("name")}
    for node in root.iter():
        if node.get("toName"):
            assert node.get("toName") in names
    used = {node.get("value")[1:] for node in root.iter() if (node.get("value") or "").startswith("$")}
    item = Item("label/1/0", "label: random", "why", "Compute 1+1.", "2", "vote", 0.5, {"2": 2})
    (task,) = label_studio.tasks([item])
    assert used <= set(task["data"])
    assert [one["value"] for one in task["data"]["choices"]] == ["approve", "edit", "reject"]
    (prediction,) = task["predictions"]
    assert (prediction["score"], prediction["result"][0]["from_name"]) == (0.5, "label_text")
    assert prediction["result"][0]["from_name"] in names
    (task,) = label_studio.tasks([Item("label/1/0", "g", "why", "q")])
    assert ([one["value"] for one in task["data"]["choices"]], task["predictions"]) == (["edit", "reject"], [])


def test_settings_of_argilla_fit_the_records():
    settings = argilla.settings()
    questions = {one["name"]: one for one in settings["questions"]}
    fields = {one["name"]: one for one in settings["fields"]}
    assert not questions.keys() & fields.keys()
    shown = (Shown(0, "so 2", "2", True), Shown(1, "so 3", "3", False))
    for kind in ("question/1/0", "label/1/0", "pair/1/0/0-1"):
        attempts = shown if kind.startswith("pair") else ()
        (record,) = argilla.records([Item(kind, "g", "why", "q", "2", attempts=attempts)])
        assert set(record["fields"]) <= set(fields)
        assert {name for name, field in fields.items() if field["required"]} <= set(record["fields"])
        assert set(record["suggestions"]) <= set(questions)
    options = {one["value"] for one in questions["decision"]["settings"]["options"]}
    assert options == {choice for kind in CHOICES.values() for choice in kind}
    assert [one["value"] for one in questions["soundness"]["settings"]["options"]] == [0, 1, 2, 3, 4]


def test_whether_an_attempt_of_a_pair_matches_the_label_is_not_told():
    shown = (Shown(2, "so 2", "2", True), Shown(5, "so 3", "3", False))
    flipped = tuple(Shown(one.number, one.text, one.answer, not one.right) for one in shown)
    one, other = (Item("pair/1/0/2-5", "g", "why", "q", "2", attempts=attempts) for attempts in (shown, flipped))
    assert label_studio.tasks([one]) == label_studio.tasks([other])
    assert argilla.records([one]) == argilla.records([other])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_texts_survive_as_they_are(hostile):
    item = Item("label/1/0", "g", hostile, hostile, hostile, attempts=(Shown(0, hostile, hostile, True),))
    for written in (label_studio.tasks([item]), argilla.records([item])):
        text = json.dumps(written)
        text.encode("ascii")
        assert json.loads(text) == written
        json.dumps(written, ensure_ascii=False).encode("utf-8")  # as the clients send it
        assert "\\u0000" not in text  # which no text of PostgreSQL holds
        if not set(hostile) & {"\0", "\ud800"}:
            assert json.dumps(hostile)[1:-1] in text


def test_the_command(run, tmp_path, capsys):
    out = tmp_path / "items.json"
    for tool, beside in (("label-studio", "items.xml"), ("argilla", "items.settings.json")):
        assert main(["review", str(run.path), "--export", tool, "--out", str(out)]) == 0
        assert (tmp_path / beside).is_file()
        assert not list(tmp_path.glob("*.draft"))
        assert str(tmp_path / beside) in capsys.readouterr().out
    items = queue_of(run).items
    out.write_text(json.dumps(argilla_export(json.loads(out.read_text()), items)))
    assert main(["review", str(run.path), "--import", str(out)]) == 0
    assert f"{len(items)} new decisions" in capsys.readouterr().out
    for bad in (tmp_path, tmp_path / "no" / "x.json", tmp_path / "x.xml"):
        assert main(["review", str(run.path), "--export", "label-studio", "--out", str(bad)]) == 2
    assert main(["review", str(run.path), "--import", str(tmp_path / "nowhere")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_what_somebody_decided_is_not_exported(run, tmp_path):
    first = next(iter(queue_of(run).items))
    ReviewLog(run.log_path("reviews")).add(Decision(first, "approve", "anna", 0, "k"))
    export_items(run, "argilla", tmp_path / "items.json")
    assert first not in {one["id"] for one in json.loads((tmp_path / "items.json").read_text())}


def test_answers_on_what_the_run_has_adopted_are_said_and_not_counted(run, tmp_path, capsys):
    """Somebody decided about every second item, and the run has gone on with that before the answers came back."""
    items = dict(queue_of(run).items)
    export_items(run, "label-studio", tmp_path / "items.json")
    answered = studio_export(json.loads((tmp_path / "items.json").read_text()), items)
    (tmp_path / "answers.json").write_text(json.dumps(answered))
    log, adopted = ReviewLog(run.log_path("reviews")), sorted(items)[::2]
    for number, item in enumerate(adopted):
        decision = {"attempt": "score", "pair": "reject"}.get(items[item].kind, "reject")
        after = {"completeness": 0, "soundness": 0} if decision == "score" else None
        log.add(Decision(item, decision, "anna", 1.0, f"key-{number}", after=after))
    run.adopt("reviews")
    run.commit(run.own_state())
    before = log.path.read_bytes()
    found = import_answers(run, tmp_path / "answers.json", now=5.0)
    assert {one.id for one in found.written} == set(items) - set(adopted)
    assert {one.id: why for one, why in found.late} == dict.fromkeys(
        adopted, "The run has adopted what was decided about this item, and has gone on with it."
    )
    assert len(log.path.read_bytes()[len(before) :].splitlines()) == len(found.written)
    assert main(["review", str(run.path), "--import", str(tmp_path / "answers.json")]) == 0
    said = capsys.readouterr().out
    assert f"Not counted: {len(adopted)} answers (label-studio 7 on {found.late[0][0].id}" in said
    run.commit({**run.own_state(), "phase": DONE})
    late = import_answers(run, tmp_path / "answers.json").late
    assert {why for one, why in late if one.kind != "attempt"} == {
        "This run is over: a decision would change nothing any more. Attempts can still be scored."
    }
