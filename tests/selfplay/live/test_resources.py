"""What a run uses of the machine: read where it can be read, `None` where it cannot, and never an error."""

import json
import sys
from types import SimpleNamespace

import pytest

from selfplay_gym.selfplay.live.resources import MB, Resources, gpus

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")


@LINUX
@pytest.mark.parametrize("missing", [(), ("psutil",)], ids=["psutil or proc", "proc alone"])
def test_a_process_that_works_uses_its_processor(tmp_path, monkeypatch, missing):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "weights").write_bytes(bytes(3 * MB))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    measured = Resources(tmp_path)
    sum(range(300_000))
    found = json.loads(json.dumps(measured.measure()))
    assert list(found) == ["cpu_percent", "memory_mb", "threads", "gpu", "disk_free_mb", "run_mb"]
    assert found["cpu_percent"] > 0
    assert found["memory_mb"] > 20
    assert found["threads"] >= 1
    assert found["run_mb"] == pytest.approx(3, abs=0.1)
    assert found["disk_free_mb"] > 0


def test_where_nothing_can_be_read_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.setattr("selfplay_gym.selfplay.live.resources.Path.read_text", lambda *_, **__: "of another system")
    found = Resources(tmp_path / "gone").measure()
    assert (found["memory_mb"], found["threads"], found["disk_free_mb"], found["run_mb"]) == (None, None, None, 0.0)


class Cuda:
    """What torch says of two devices."""

    def __init__(self, used, broken=None, awake=True):
        self.used, self.broken, self.awake = used, broken, awake

    def is_initialized(self):
        return self.awake

    def device_count(self):
        return 2

    def get_device_properties(self, number):
        if self.broken == "driver":
            raise RuntimeError("no driver")
        return SimpleNamespace(name=f"card {number}", total_memory=80 * 1024 * MB)

    def utilization(self, number):
        if self.broken == "pynvml":
            raise ModuleNotFoundError("pynvml")
        return 70 + number

    def device_memory_used(self, number):
        return self.used * MB

    def memory_reserved(self, number):
        return 5 * MB


@pytest.mark.parametrize(
    ("cuda", "expected"),
    [
        (Cuda(11), [(70, 11), (71, 11)]),
        (Cuda(11, "pynvml"), [(None, 5), (None, 5)]),
        (Cuda(11, "driver"), []),
        (Cuda(11, awake=False), []),
        (None, []),
    ],
)
def test_gpus_are_those_that_torch_has_woken_up(monkeypatch, cuda, expected):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    found = gpus()
    assert [(row["percent"], row["memory_mb"]) for row in found] == expected
    assert all(row["total_mb"] == 80 * 1024 and row["name"].startswith("card") for row in found)


def test_torch_is_never_imported_to_look(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert gpus() == []
    assert "torch" not in sys.modules
