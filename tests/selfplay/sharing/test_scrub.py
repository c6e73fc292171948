"""What stays on this machine: secrets and paths, wherever they stand."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.sharing.scrub import (
    own_folders,
    scrubbed,
    scrubbed_setting,
    scrubbed_text,
    without_paths,
)

HERE = tempfile.gettempdir()
KEY = "sk-" + "a1" * 12


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        (f"{HERE}/me/model", "…/model"),
        (f"jsonl:{HERE}/me/data.jsonl", "jsonl:…/data.jsonl"),
        (f"file://{HERE}/a b", "…/a b"),
        (f"adapter(path={HERE}/x/y, rank=2)", "adapter(path=…/y, rank=2)"),
        (f"'{HERE}/x' and \"{HERE}/y/z\"", "'…/x' and \"…/z\""),
        (r"C:\Users\me\model", "…/model"),
        ("https://host/v1/models", "https://host/v1/models"),
        ("3/4 and 1 /2, a/b", "3/4 and 1 /2, a/b"),
        ("</think> HuggingFaceTB/SmolLM2-135M", "</think> HuggingFaceTB/SmolLM2-135M"),
        ("checkpoints/solver-01-002", "checkpoints/solver-01-002"),
        ("", ""),
    ],
)
def test_absolute_paths_of_this_machine_become_names(text, shared):
    assert without_paths(text) == shared


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(folders=st.lists(NAMES, max_size=4), before=st.sampled_from(["", " ", ":", "=", "(", '"', "file://", "\n"]))
def test_no_path_keeps_its_beginning(folders, before):
    text = before + "/".join([HERE, "someone", *folders])
    assert f"{HERE}/someone/" not in without_paths(text)
    assert f"{HERE}/someone" not in without_paths(text) + "/"


def test_settings_lose_secrets_and_paths_at_every_depth():
    found = scrubbed_setting(
        "settings",
        {
            "roles": {
                "solver": {"model": f"{HERE}/m", "api_key": "0123456789", "urls": [f"openai:x@https://u:{KEY}@h/v1"]}
            }
        },
    )
    assert found["roles"]["solver"] == {"model": "…/m", "api_key": "***", "urls": ["openai:x@https://***@h/v1"]}


def test_names_in_objects_are_cleaned_too():
    assert json.dumps(scrubbed({f"{HERE}/x": [KEY, 1.5, None, True]})) == json.dumps({"…/x": ["***", 1.5, None, True]})


def test_texts_of_models_stay_as_they_are_but_for_what_says_whose_machine_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "correct horse battery")
    folders = own_folders(tmp_path / "run")
    program = "def f(x, key=len):\n    return open('/etc/passwd').read() / 2  # /usr/bin/python\n"
    assert scrubbed_text(program, folders) == program
    for leak in (str(Path.home() / "a"), str(tmp_path / "run" / "b"), KEY, "correct horse battery"):
        assert leak not in scrubbed_text(f"see {leak}!", folders)
    assert scrubbed_text("a\ud800b", folders) == "a?b"
