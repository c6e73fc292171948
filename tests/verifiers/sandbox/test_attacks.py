"""Every attack program meets its end and touches nothing, at every safe level, for root and for an ordinary user."""

import json
import os
import pathlib

import pytest

HERE = pathlib.Path(__file__).parent
ATTACKS = HERE.parents[1] / "data" / "attacks.jsonl"


slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("who", "level"),
    [
        ("me", "full"),
        ("ordinary", "landlock"),
        pytest.param("me", "landlock", marks=slow),
        pytest.param("me", "namespaces", marks=slow),
        pytest.param("ordinary", "full", marks=slow),
        pytest.param("ordinary", "namespaces", marks=slow),
    ],
)
def test_attacks(who, level, at_level, run_script):
    at_level(level)
    if who == "ordinary" and os.geteuid() != 0:
        pytest.skip("not root: 'me' is the ordinary user already")
    done = run_script(who, str(HERE / "attack_host.py"), str(ATTACKS), level)
    if "cannot be tried" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(verdicts) == len(ATTACKS.read_text().splitlines()) + 1
    assert [verdict for verdict in verdicts if verdict["fault"] is not None] == []
