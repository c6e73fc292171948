"""`push`: what goes to a hub and what never does, and that each way it can fail is one line."""

import hashlib
import json
import re
import time

import pytest

from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.selfplay.sharing import push as pushing
from selfplay_gym.selfplay.sharing.outgoing import in_order, model_files
from selfplay_gym.selfplay.sharing.push import push
from selfplay_gym.selfplay.sharing.questions import COLUMNS, question_files
from selfplay_gym.selfplay.sharing.upload import Refused, Strange, reason, upload
from selfplay_gym.selfplay.storage.run_folder import RunFolder

SECRET = "sk-" + "a1" * 12


@pytest.fixture(scope="session")
def told_run(scripted_run, tmp_path_factory):
    """A run whose questions, folder and settings hold what must not leave."""
    path = tmp_path_factory.mktemp("told") / "my run"

    def chatty(texts):
        told = f"<question>{path}/x {SECRET} \ud800 "
        return [text.replace("<question>", told) if n % 4 == 0 else text for n, text in enumerate(texts)]

    suite = path.parent / "suite.jsonl"
    suite.write_text(json.dumps({"question": "1+1", "reference": "2"}) + "\n")
    folder = scripted_run(path, rounds=2, proposals=chatty, changes={"exam.suites": (f"jsonl:{suite}",)})
    for name in (".env", "notes.txt", "checkpoints/secrets.txt"):
        (path / name).write_text(SECRET)
    return folder


def everything(files):
    return {one.name: one.content if isinstance(one.content, bytes) else one.content.read_bytes() for one in files}


def test_only_the_model_its_card_and_how_it_was_made_go(told_run):
    files = everything(model_files(told_run, "last"))
    assert files.keys() == {"README.md", "rounds.json", "run/config.toml", "run/metrics.jsonl", "run/guard.jsonl"}


def test_nothing_that_goes_says_where_it_was_or_holds_a_secret(told_run, tmp_path):
    path = told_run.path
    assert SECRET in (path / "questions.jsonl").read_bytes().decode("utf-8", "replace")
    for files in (model_files(told_run, "best"), question_files(told_run, tmp_path)):
        for name, content in everything(files).items():
            for leak in (str(path), str(path.parent), SECRET, "run.lock"):
                assert leak.encode() not in content, name


def test_questions_have_one_schema_and_are_read_by_everybody(told_run, tmp_path):
    import pandas
    from datasets import load_dataset

    for name, content in everything(question_files(told_run, tmp_path)).items():
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_bytes(content)
    questions = tmp_path / "data" / "questions.jsonl"
    rows = [json.loads(line) for line in questions.read_text("utf-8").splitlines()]
    assert rows
    assert {tuple(row) for row in rows} == {tuple(COLUMNS)}
    assert len(rows) == sum(1 for _ in told_run.rows("labels"))
    assert list(pandas.read_json(questions, lines=True)) == list(COLUMNS)
    data = load_dataset(str(tmp_path / "data"), cache_dir=str(tmp_path / "cache"))["train"]
    assert data.num_rows == len(rows)
    assert data[0] == rows[0]
    assert data.features["source"].dtype == "string", "a column of nothing has a type all the same"


def test_a_dry_run_lists_files_and_asks_nobody(finished_run, hub, shown):
    assert push(finished_run.path, dry_run=True, private=True, console=shown) is None
    said = shown.export_text()
    for one in in_order(model_files(finished_run, "best")):
        assert one.name in said
    assert "would go to the private model repository run" in said
    assert hub.requests == []


@pytest.mark.parametrize(("name", "why"), [("solver-77-001", "no checkpoint"), ("../x", "no checkpoint"), ("", "no")])
def test_a_checkpoint_that_is_not_there(finished_run, shown, name, why):
    with pytest.raises(ConfigError, match=f"{why}.*solver-02-004"):
        push(finished_run.path, checkpoint=name, dry_run=True, console=shown)


def test_the_best_of_a_run_that_has_none_yet(stopped_run, shown):
    with pytest.raises(ConfigError, match="is the base model"):
        push(stopped_run("generate").path, dry_run=True, console=shown)
    with pytest.raises(ConfigError, match="labelled no questions"):
        push(stopped_run("generate").path, questions=True, dry_run=True, console=shown)


def test_a_damaged_checkpoint_does_not_go(scripted_run, tmp_path, shown):
    folder = scripted_run(tmp_path / "run", rounds=1)
    (folder.path / "last" / "rounds.json").write_text("7")
    with pytest.raises(RunError, match="does not match its checksum"):
        push(folder.path, checkpoint="last", dry_run=True, console=shown)


@pytest.mark.parametrize(
    ("repo", "rule"),
    [
        ("a b", "of the letters a to z"),
        ("ü", "of the letters a to z"),
        *((repo, "is NAME or OWNER/NAME, got") for repo in ("", "/", "a/b/c", "/a", "a/")),
        ("a..b", r"must not have '\.\.' in it"),
        ("a--b/c", "must not have '--' in it"),
        ("x.git", r"must not end in '\.git'"),
        ("-a", "at the beginning or end"),
        ("a/b.", "at the beginning or end"),
        ("a" * 200, "has at most 96 characters"),
    ],
)
def test_a_name_that_no_repository_can_have(tmp_path, repo, rule):
    with pytest.raises(ConfigError, match=f"--repo .*{rule}"):
        pushing._repository(repo, tmp_path, False)


@pytest.mark.parametrize(
    ("folder", "name"), [("my run", "my-run"), ("..x--y..", "x-y"), ("日本", "selfplay-run"), ("a" * 200, "a" * 80)]
)
def test_the_name_of_a_folder_becomes_that_of_a_repository(tmp_path, folder, name):
    assert pushing._repository(None, tmp_path / folder, False) == name
    assert pushing._repository(None, tmp_path / folder, True) == f"{name}-questions"


# --- against a hub ---


def test_a_model_arrives_as_it_was_sent(told_run, hub, shown):
    """Through a process of its own, and by whatever way `huggingface_hub` chooses for large files."""
    url = push(told_run.path, repo="mine", private=True, checkpoint="last", console=shown)
    repo = hub.repos["me/mine"]
    assert url == f"{hub.url}/me/mine"
    assert (repo.kind, repo.private, len(repo.commits)) == ("model", True, 1)
    sent = everything(model_files(told_run, "last"))
    assert repo.files.keys() == sent.keys()
    for name, content in sent.items():
        there = repo.files[name]
        if isinstance(there, bytes):
            assert there == content
        else:
            assert there[1:] == (hashlib.sha256(content).hexdigest(), len(content))
    assert any(isinstance(there, tuple) or len(there) > 10_000 for there in repo.files.values())


def test_large_files_go_by_lfs_as_well(here, job):
    content = "x" * 50_000
    upload({**job, "files": [*job["files"], {"name": "large.txt", "text": content}]})
    assert here.repos["me/small"].files["large.txt"] == content.encode()
    assert len(here.uploads) == 1


def test_questions_become_a_data_set_and_a_second_push_a_second_commit(here, job):
    for _ in range(2):
        assert upload({**job, "type": "dataset", "repo": "them/small"}) == f"{here.url}/datasets/them/small"
    assert here.repos["them/small"].kind == "dataset"
    assert len(here.repos["them/small"].commits) == 2


def test_what_should_be_private_is_not_put_where_all_can_read(here, job):
    upload(job)
    with pytest.raises(Refused, match="everybody can read it"):
        upload({**job, "private": True})
    assert len(here.repos["me/small"].commits) == 1


@pytest.mark.parametrize(
    ("where", "status", "line"),
    [
        ("create", 401, r"does not accept the token \(401\)"),
        ("create", 403, r"may not do that \(403\)"),
        ("create", 404, r"no such user or repository \(404\)"),
        ("create", 500, r"fault of its own \(500\)"),
        ("preupload", 403, r"may not do that \(403\)"),
        ("lfs_batch", 401, r"does not accept the token \(401\)"),
        ("store", 403, r"may not do that \(403\)"),
        ("commit", 409, r"changed by somebody else \(409\)"),
        ("commit", 413, r"as large as these \(413\)"),
        ("commit", 500, r"fault of its own \(500\)"),
    ],
)
def test_each_refusal_is_one_line(here, job, where, status, line):
    here.fail = {where: status}
    large = {"name": "large.txt", "text": "x" * 50_000}
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever `huggingface_hub` raises
        upload({**job, "files": [*job["files"], large]})
    said = reason(raised.value)
    assert "\n" not in said
    assert re.search(line, said), said
    assert here.token not in said


STRANGE = {
    "nothing": b"",
    "html": b"<!DOCTYPE html>\n<html><body>Log in to the guest network</body></html>",
    "list": b"[]",
    "number": b"7",
    "null": b"null",
    "other": b'{"ok": true}',
    "wrong types": b'{"url": 7, "files": 7, "commitUrl": [], "objects": null}',
}


@pytest.mark.parametrize("place", ["create", "preupload", "commit", "lfs_batch"])
@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE)
def test_what_is_no_hub_is_named_with_what_it_answered(here, job, place, content):
    here.strange = {place: (200, {}, content)}
    large = {"name": "large.txt", "text": "x" * 50_000}
    with pytest.raises((Strange, Refused)) as raised:
        upload({**job, "files": [*job["files"], large]})
    said = str(raised.value)
    assert said.startswith(f"{here.url} answered POST /")
    assert "HF_ENDPOINT" in said
    assert "\n" not in said
    assert content.decode().split()[:1] == [] or content.decode().split()[0] in said


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((200, {}, b"{}"), r"answered POST /api/repos/create with 200 and '{}', which no hub says: is HF_ENDPOINT"),
        ((302, {"Location": "/api/repos/create"}, b""), r"only leads from one address to another: is HF_ENDPOINT"),
        ((500, {}, b"<html>"), r"fault of its own \(500\): push again later"),
    ],
)
def test_the_command_names_the_hub_that_is_none(finished_run, hub, shown, answer, line):
    hub.strange = {"create": answer}
    with pytest.raises(RunError, match=rf"^pushing failed: {hub.url}.*{line}"):
        push(finished_run.path, console=shown)


def test_no_token_is_one_line(here, job, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with pytest.raises(Refused, match="there is no token: log in with `hf auth login`"):
        upload(job)
    assert here.requests == []


@pytest.mark.slow
@pytest.mark.parametrize("place", ["create", "commit"])
def test_a_hub_that_hangs_is_given_up(finished_run, hub, shown, place):
    hub.hang = {place}
    begun = time.monotonic()
    with pytest.raises(RunError, match="had not taken the files after 8 seconds: push again"):
        push(finished_run.path, timeout=8, console=shown)
    assert time.monotonic() - begun < 30


def test_no_hub_is_one_line(finished_run, hub, shown, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(RunError, match="the hub cannot be reached"):
        push(finished_run.path, console=shown)


def test_a_run_can_be_pushed_while_it_is_open(told_run):
    assert RunFolder.open(told_run.path).state["phase"] == "done"
