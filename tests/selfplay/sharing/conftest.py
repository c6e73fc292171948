"""A hub on this machine, and runs to push there."""

import importlib.util
import json
from pathlib import Path

import pytest
from rich.console import Console

spec = importlib.util.spec_from_file_location("fake_hub", Path(__file__).parent / "fake_hub.py")
fake_hub = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake_hub)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """An empty hub; processes started meanwhile talk to it, and to no other."""
    with fake_hub.FakeHub() as found:
        for name, value in {**found.environment, "HF_HOME": str(tmp_path / "hub-home")}.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def here(hub, monkeypatch):
    """The same for this very process, where `huggingface_hub` has been told of another one."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    return hub


@pytest.fixture
def shown():
    """A console, and what it shows."""
    return Console(record=True, width=120, markup=False, highlight=False, file=open("/dev/null", "w"))


@pytest.fixture
def job():
    """What the sending process is told, a small model."""
    files = [
        {"name": "README.md", "text": "---\nlicense: apache-2.0\n---\n"},
        {"name": "a.json", "text": json.dumps({})},
    ]
    return {"repo": "small", "type": "model", "private": False, "message": "a test", "files": files}
