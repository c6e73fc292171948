"""The scripts that start a run on a cluster: what they would start is a run that can be played."""

import os
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

import selfplay_gym
from selfplay_gym.core.options import parse_named
from selfplay_gym.selfplay.settings.compose import compose

FOLDER = Path(selfplay_gym.__file__).parent / "examples" / "cluster"
SLURM, KUBERNETES = FOLDER / "train.sbatch", FOLDER / "rayjob.yaml"
JOB = {
    "SLURM_JOB_ID": "123456",
    "SLURM_JOB_NUM_NODES": "2",
    "SLURM_CPUS_PER_TASK": "16",
    "SLURM_JOB_NODELIST": "n[1-2]",
}


def submitted(tmp_path, arguments):
    """What the batch script gives to `srun`, as words, with stand-ins for Slurm's own commands."""
    for name, script in {"srun": 'printf "%s\\0" "$@"', "scontrol": "printf 'n1\\nn2\\n'"}.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, **JOB, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", SLURM, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


def settings_of(words):
    return dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--set")


def test_slurm_starts_a_run_and_goes_on_with_it(tmp_path):
    words = submitted(tmp_path, ["my run.toml", "runs/a b"])
    before, command = words[: words.index("--")], words[words.index("--") + 1 :]
    assert before[before.index("--address") + 1] == "n1:23456"
    assert before[before.index("--min-nodes") + 1] == "2"
    assert {"--config": "my run.toml", "--run-dir": "runs/a b"}.items() <= dict(pairwise(command)).items()
    for value in settings_of(command).values():
        assert parse_named(value).options["address"] == "auto"
    compose("tiny", assignments=[f"{name}={value}" for name, value in settings_of(command).items()])
    (tmp_path / "runs" / "a b").mkdir(parents=True)
    (tmp_path / "runs" / "a b" / "config.toml").touch()
    again = submitted(tmp_path, ["my run.toml", "runs/a b"])
    assert again[again.index("--") + 1 :] == ["selfplay-gym", "train", "--run-dir", "runs/a b", "--resume"]


def test_slurm_wants_settings(tmp_path):
    environment = {**os.environ, **JOB}
    done = subprocess.run(["bash", SLURM], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    assert "usage: sbatch" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_finds_nothing():
    subprocess.run(["shellcheck", SLURM], check=True)


def documents():
    return {document["kind"]: document for document in yaml.safe_load_all(KUBERNETES.read_text())}


def test_kubernetes_plays_the_settings_that_it_brings(tmp_path):
    found = documents()
    (tmp_path / "run.toml").write_text(found["ConfigMap"]["data"]["run.toml"])
    config = compose("tiny", file=tmp_path / "run.toml")
    workers = found["RayJob"]["spec"]["rayClusterSpec"]["workerGroupSpecs"][0]
    container = workers["template"]["spec"]["containers"][0]
    processors = workers["replicas"] * int(container["resources"]["requests"]["cpu"])
    assert parse_named(config.compute.sampler).options["workers"] == processors
    assert parse_named(config.compute.workers).leading == (processors,)
    words = shlex.split(found["RayJob"]["spec"]["entrypoint"])
    assert words[:2] == ["sh", "-c"]
    assert subprocess.run(["sh", "-n", "-c", words[2]], check=False).returncode == 0
    head = found["RayJob"]["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    volumes = {volume["name"]: volume for volume in head["volumes"]}
    assert volumes["settings"]["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]
    assert volumes["runs"]["persistentVolumeClaim"]["claimName"] == found["PersistentVolumeClaim"]["metadata"]["name"]
    assert {mount["name"] for mount in head["containers"][0]["volumeMounts"]} == set(volumes)
    for mount in head["containers"][0]["volumeMounts"]:
        assert f"{mount['mountPath']}/" in words[2]
