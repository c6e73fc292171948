"""A dashboard with a run to review, and a browser that passes its gate."""

import importlib.util
from itertools import count
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from selfplay_gym.selfplay.dashboard.app import create_app

DATA = Path(__file__).parents[3] / "data"
TOKEN = "correct-horse-battery-staple"
HOST = "http://127.0.0.1:8000"


def loaded(name):
    """A module of tests/data."""
    spec = importlib.util.spec_from_file_location(name, DATA / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def runs():
    """How run folders with a queue are made."""
    return loaded("review_run")


@pytest.fixture(scope="session")
def hostile():
    """Texts that have broken pages."""
    return loaded("hostile_texts")


class Reviewer:
    """Somebody with a browser at the review pages of one run."""

    keys = (f"key-{number}" for number in count())

    def __init__(self, app, path, name):
        self.client = TestClient(app, base_url=HOST, headers={"origin": HOST}, raise_server_exceptions=False)
        self.client.get(f"/?token={TOKEN}")
        library = app.state.library
        key = next(place.key for place in library.runs().values() if place.path == path)
        self.base, self.name = f"/run/{key}/review", name
        if name is not None:
            assert self.client.post(f"{self.base}/reviewer", json={"name": name}).status_code == 200

    def queue(self, **filters):
        return self.client.get(self.base, params=filters).text

    def item(self, item, **filters):
        return self.client.get(f"{self.base}/item", params={"id": item, **filters})

    def post(self, item, decision, after=None, **more):
        body = {"key": next(self.keys), "id": item, "decision": decision, "after": after, "reviewer": self.name, **more}
        return self.client.post(f"{self.base}/decisions", json=body)


@pytest.fixture
def path(tmp_path, runs):
    """The folder of a run that waits for people."""
    return runs.make_run(tmp_path / "runs" / "algebra")


@pytest.fixture
def app(path):
    return create_app([path.parent], TOKEN)


@pytest.fixture
def reviewers(app, path):
    """`reviewers(name)`: a reviewer of the run `path`; `None` has said no name yet."""
    return lambda name, at=path: Reviewer(app, at, name)


@pytest.fixture
def anna(reviewers):
    return reviewers("anna")
