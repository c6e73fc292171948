"""The doctor tells what holds, and how to get what does not."""

from selfplay_gym.selfplay.commands.doctor import doctor
from selfplay_gym.verifiers.sandbox import client, connection, probe


def test_the_report_agrees_with_the_probe():
    findings = {(each.topic, each.name): each for each in doctor(devices=False)}
    assert findings["sandbox", "isolation"].state == probe().level
    assert findings["sandbox", "seccomp"].ok
    assert findings["versions", "python"].ok
    assert findings["versions", "numpy"].ok
    assert all(str(each) for each in findings.values())


def test_a_missing_layer_comes_with_its_remedy(monkeypatch):
    gap = {"layers": ["rlimits", "seccomp"], "missing": {"landlock": "not in this kernel", "namespaces": "refused"}}
    monkeypatch.setattr(client, "_pools", {})
    monkeypatch.setattr(connection.Server, "_receive", lambda self: dict(gap))
    findings = {each.name: each for each in doctor(devices=False) if each.topic == "sandbox"}
    assert not findings["isolation"].ok
    assert not findings["landlock"].ok
    assert "lsm=" in findings["landlock"].remedy
    assert "not in this kernel" in findings["landlock"].state
