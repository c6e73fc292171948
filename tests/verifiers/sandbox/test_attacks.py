"""Every attack program meets its end and touches nothing, at every safe level, for root and for an ordinary user."""

import json
import os
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
DATA = HERE.parents[1] / "data"


slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("collection", "who", "level"),
    [
        ("attacks", "me", "full"),
        ("attacks_2", "me", "full"),
        ("attacks_2", "ordinary", "landlock"),
        pytest.param("attacks", "ordinary", "landlock", marks=slow),
        pytest.param("attacks", "me", "landlock", marks=slow),
        pytest.param("attacks", "me", "namespaces", marks=slow),
        pytest.param("attacks", "ordinary", "full", marks=slow),
        pytest.param("attacks", "ordinary", "namespaces", marks=slow),
        pytest.param("attacks_2", "me", "landlock", marks=slow),
        pytest.param("attacks_2", "ordinary", "full", marks=slow),
        pytest.param("attacks_3", "me", "full", marks=slow),
        pytest.param("attacks_3", "me", "landlock", marks=slow),
        pytest.param("attacks_3", "ordinary", "full", marks=slow),
        pytest.param("attacks_3", "ordinary", "landlock", marks=slow),
    ],
)
def test_attacks(collection, who, level, at_level, run_script):
    at_level(level)
    if who == "ordinary" and os.geteuid() != 0:
        pytest.skip("not root: 'me' is the ordinary user already")
    attacks = DATA / f"{collection}.jsonl"
    done = run_script(who, str(HERE / "attack_host.py"), str(attacks), level)
    if "cannot be tried" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) == len(attacks.read_text().splitlines()) + 1
    assert [verdict for verdict in verdicts if verdict["fault"] is not None] == []
