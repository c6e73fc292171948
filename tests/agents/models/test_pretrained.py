"""Folders from anywhere: no code in them is run, nothing pickled is read, and what is damaged is named in one line."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import torch

from selfplay_gym.agents import LLMAgent, load_agent
from selfplay_gym.agents.model_names import lasting_name
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import make_agent as make_registered


def rewrite(folder, name, **changes):
    found = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**found, **changes}))


def halve(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def pickle(folder):
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def forget_tokenizer(folder):
    for file in folder.glob("*token*"):
        file.unlink()


DAMAGE = {
    "truncated weights": (halve, "SafetensorError"),
    "empty weights": (lambda f: (f / "model.safetensors").write_bytes(b""), "SafetensorError"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "holds no weights"),
    "pickled weights": (pickle, "pickled weights only"),
    "no tokenizer": (forget_tokenizer, "same tokens of two questions|tokenizer"),
    "a broken tokenizer": (lambda f: (f / "tokenizer.json").write_text("{}"), "cannot load"),
    "a tokenizer with a part that is none": (lambda f: rewrite(f, "tokenizer.json", model=5), "cannot load"),
    "a tokenizer with an empty part": (lambda f: rewrite(f, "tokenizer.json", pre_tokenizer={}), "cannot load"),
    "a length that is a word": (lambda f: rewrite(f, "tokenizer_config.json", model_max_length="x"), "tokenizer|load"),
    "no config": (lambda f: (f / "config.json").unlink(), "expected a folder with config.json"),
    "a config that is no JSON": (lambda f: (f / "config.json").write_text("{"), "cannot load"),
    "a config of bytes": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "cannot load"),
    "an empty config": (lambda f: (f / "config.json").write_text("{}"), "cannot load"),
    "an unknown type": (lambda f: rewrite(f, "config.json", model_type="frobnicate"), "frobnicate"),
    "a model with an encoder": (lambda f: rewrite(f, "config.json", model_type="t5"), "with an encoder|cannot load"),
    "other shapes": (lambda f: rewrite(f, "config.json", hidden_size=96), "other shapes"),
    "layers that are missing": (
        lambda f: rewrite(f, "config.json", num_hidden_layers=3, layer_types=["full_attention"] * 3),
        "not whole",
    ),
    "an adapter beside it": (lambda f: (f / "adapter_config.json").write_text("{}"), "holds a peft adapter"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_folder_is_named_in_one_line(make_agent, tmp_path, name):
    damage, says = DAMAGE[name]
    make_agent().save_pretrained(tmp_path / "model")
    damage(tmp_path / "model")
    with pytest.raises(ConfigError, match=says) as caught:
        load_agent(tmp_path / "model")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("where", ["config.json", "tokenizer_config.json"])
def test_code_in_a_folder_is_not_run_and_nobody_is_asked(make_agent, tmp_path, where, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *asked: "y")
    folder, mark = tmp_path / "model", tmp_path / "mark"
    make_agent().save_pretrained(folder)
    (folder / "code.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    own = {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M", "AutoTokenizer": ["code.T", "code.T"]}
    changes = {"model_type": "own"} if where == "config.json" else {"tokenizer_class": "Own"}
    rewrite(folder, where, auto_map=own, **changes)
    with suppress(ConfigError):  # a tokenizer that transformers knows as well is read as that
        load_agent(folder)
    assert not mark.exists()


def test_options_that_nobody_knows_are_named():
    with pytest.raises(ConfigError, match="unexpected keyword argument 'foo'"):
        make_registered("tiny(foo=1)")
    with pytest.raises(ConfigError, match="a model must be a path, such as 'tiny', got ''"):
        load_agent("")


@pytest.mark.parametrize("device", ["mps", "meta", "nonsense", "xpu:9"])
def test_devices_that_are_not_there_are_named(device):
    with pytest.raises(ConfigError, match="device"):
        LLMAgent.from_pretrained("tiny", device=device)


def test_a_model_is_remembered_by_its_full_path(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert lasting_name("mine") == str((tmp_path / "mine").resolve())
    assert (lasting_name("tiny"), lasting_name("")) == ("tiny", "")
