"""A verifier from elsewhere: by decorator, by "module:attribute", and from an installed package, used in `gym.make`."""

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import pytest

import selfplay_gym
from selfplay_gym.core.protocols import BaseVerifier
from selfplay_gym.core.records import Judgement, Verdict
from selfplay_gym.core.registries import verifiers
from selfplay_gym.testing import check_verifier

PLUGIN = Path(__file__).parent.parent / "plugin"

PLAY = """
import gymnasium as gym
import selfplay_gym
from selfplay_gym.core.math_language import answer
from selfplay_gym.testing import check_verifier

assert "shouting" in selfplay_gym.core.registries.verifiers.names()
check_verifier(selfplay_gym.make_verifier("shouting"), right="42!", wrong="42")
env = gym.make("SelfPlayMath-v0", verifier={"name": "shouting", "marks": 2})
question, _ = env.reset(seed=0)
_, reward, *_ = env.step(answer(question) + "!!")
print("reward", reward)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The plug-in package installed into a folder of its own, without a network."""
    target = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source")
    for path in PLUGIN.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = source / path.relative_to(PLUGIN)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    done = subprocess.run([*command, "--target", str(target), str(source)], capture_output=True, text=True, timeout=120)
    if done.returncode:  # no pip or setuptools in this environment: what an installer writes, written by hand
        (target / "shouting_verifier").mkdir(exist_ok=True)
        code = (PLUGIN / "shouting_verifier" / "__init__.py").read_text()
        (target / "shouting_verifier" / "__init__.py").write_text(code)
        info = target / "shouting_verifier-0.1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting-verifier\nVersion: 0.1.0\n")
        (info / "entry_points.txt").write_text(
            "[selfplay_gym.verifiers]\nshouting = shouting_verifier:ShoutingVerifier\n"
        )
    return target


def test_an_installed_package_is_found_by_name_in_gym_make(installed):
    program = f"import sys; sys.path.append({str(installed)!r})\n{PLAY}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "reward 1.0", done.stderr


def test_without_the_package_the_name_is_unknown():
    with pytest.raises(LookupError, match="shouting"):
        selfplay_gym.make_verifier("shouting")


@pytest.fixture
def even():
    @selfplay_gym.register_verifier("even")
    class EvenVerifier(BaseVerifier):
        def judge(self, question, attempts):
            verdicts = [
                Verdict.correct(a) if a[-1:] in ("0", "2", "4", "6", "8") else Verdict.wrong(a) for a in attempts
            ]
            return Judgement.of(verdicts, label=None, label_source="rule", valid=True)

    yield EvenVerifier
    verifiers.unregister("even")


def test_a_decorated_class_is_a_name(even):
    env = gym.make("SelfPlayMath-v0", verifier="even")
    env.reset(seed=0)
    assert env.step("12")[1] == 1.0
    assert isinstance(selfplay_gym.make_verifier("even"), even)


def test_module_and_attribute_are_a_name():
    built = selfplay_gym.make_verifier("selfplay_gym.verifiers.references.numeric:NumericVerifier", relative=0.1)
    assert "values" in check_verifier(
        selfplay_gym.make_verifier("selfplay_gym.verifiers.references.exact:ExactVerifier")
    )
    assert built.relative == 0.1
    with pytest.raises(LookupError, match="Nope"):
        selfplay_gym.make_verifier("selfplay_gym.verifiers.references.numeric:Nope")
