"""A new domain costs one object and one registration: then Gymnasium, its vector view and PettingZoo play it."""

import subprocess
import sys

import gymnasium as gym
import pettingzoo
import pytest

import selfplay_gym
from selfplay_gym import Question
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.registries import domains, turn_games
from selfplay_gym.envs import aec_env, register_pettingzoo
from selfplay_gym.envs.game.domains import GameDomain, domain_of
from selfplay_gym.envs.game.templates import Template
from selfplay_gym.envs.turns.kuhn import KuhnPoker
from selfplay_gym.envs.turns.tic_tac_toe import TicTacToe

DOMAIN = """
from selfplay_gym import Question
from selfplay_gym.envs.game.domains import GameDomain
from selfplay_gym.envs.game.templates import Template


class Capitals:
    def generate(self, spec, rng):
        land, city = [("France", "Paris"), ("Peru", "Lima"), ("Chad", "N'Djamena")][int(rng.random() * 3)]
        return Question(f"What is the capital of {land}?", city, "capitals", spec.level, "capitals")


def read(text):
    return Question(text, None, "capitals", None, "challenger") if text.endswith("?") else "not a question"


CAPITALS = GameDomain(
    name="capitals",
    templates={"plain": Template("Ask for a capital.")},
    read=read,
    generator="capital_game:Capitals",
    verifier="exact",
    solver="echo",
)
"""

PLAY = """
import sys
import gymnasium as gym
import selfplay_gym

assert "capital_game" not in sys.modules, "the plug-in was imported to make its id known"
assert "SelfPlayCapitals-v0" in gym.registry
env = gym.make("SelfPlayCapitals-v0", split="any")
question, _ = env.reset(seed=0)
city = {"France": "Paris", "Peru": "Lima", "Chad": "N'Djamena"}[question[:-1].split()[-1]]
_, reward, *_ = env.step(rf"\\boxed{{{city}}}")
envs = gym.make_vec("SelfPlayCapitals-v0", num_envs=3, split="any")
prompts, _ = envs.reset(seed=0)
assert len(set(prompts)) == 1
aec = selfplay_gym.envs.aec_env("capitals", attempts=2)
aec.reset(seed=0)
assert aec.observe("challenger_0")["prompt"] == "Ask for a capital."
import pettingzoo
assert pettingzoo.make("parallel", "SelfPlayCapitals-v0", attempts=2).possible_agents[-1] == "solver_1"
from selfplay_gym.testing import check_domain
check_domain(selfplay_gym.make_domain("capitals"), proposal="What is the capital of Mali?")
print("reward", reward)
"""


def run(program, *paths):
    code = "".join(f"import sys; sys.path.append({str(path)!r})\n" for path in paths) + program
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done


def install(folder, entry, module=DOMAIN, group="domains"):
    """What an installer writes: a module, and its entry point."""
    (folder / "capital_game.py").write_text(module, encoding="utf-8")
    info = folder / "capital_game-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: capital-game\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[selfplay_gym.{group}]\n{entry}\n")


def test_a_domain_of_an_installed_package_is_playable_at_once(tmp_path):
    install(tmp_path, "capitals = capital_game:CAPITALS")
    assert run(PLAY, tmp_path).stdout.strip() == "reward 1.0"


def test_a_domain_whose_id_is_taken_is_a_warning_and_no_more(tmp_path):
    install(tmp_path, "teacher = capital_game:CAPITALS")
    done = run("import selfplay_gym, gymnasium; gymnasium.make('SelfPlayMath-v0').reset(seed=0)", tmp_path)
    assert "SelfPlayTeacher-v0, which is taken" in done.stderr


TURN_GAME = """
class Once:
    name, players = "once", ("player_0",)
    def start(self, rng): return ""
    def to_move(self, state): return None if state else "player_0"
    def prompt(self, state): return "Write yes."
    def legal(self, state): return () if state else ("yes",)
    def move(self, state, text): return text if text == "yes" else "illegal: write yes"
    def result(self, state): return {"player_0": float(state == "yes")}, state
"""

PLAY_ONCE = """
import sys
import gymnasium as gym
import selfplay_gym

assert "capital_game" not in sys.modules, "the plug-in was imported to make its id known"
env = gym.make("SelfPlayOnce-v0")
env.reset(seed=0)
_, reward, *_ = env.step("yes")
assert gym.make_vec("SelfPlayOnce-v0", num_envs=3).reset(seed=0)[0] == ("Write yes.",) * 3
selfplay_gym.envs.register_pettingzoo()
import pettingzoo
assert pettingzoo.make("aec", "SelfPlayOnce-v0").possible_agents == ["player_0"]
print("reward", reward)
"""


def test_a_turn_game_of_an_installed_package_is_playable_at_once(tmp_path):
    install(tmp_path, "once = capital_game:Once", TURN_GAME, "turn_games")
    assert run(PLAY_ONCE, tmp_path).stdout.strip() == "reward 1.0"


@pytest.mark.parametrize("name", ["math", "teacher", "turn-game"])
def test_a_turn_game_cannot_take_the_id_of_another(name):
    with pytest.raises(ConfigError, match=f"turn game '{name}' needs the id"):
        selfplay_gym.register_turn_game(name, "capital_game:Once")
    assert name not in turn_games.names()


def test_a_turn_game_is_decorated():
    @selfplay_gym.register_turn_game("thrice")
    class Thrice(KuhnPoker):
        """Kuhn poker under another name."""

    try:
        assert "Kuhn" in gym.make("SelfPlayThrice-v0").reset(seed=1)[0]
        with pytest.raises(ConfigError, match="already registered"):
            selfplay_gym.register_turn_game("thrice", TicTacToe)
    finally:
        turn_games.unregister("thrice")
        gym.registry.pop("SelfPlayThrice-v0")
        for registry in (pettingzoo.aec_registry, pettingzoo.parallel_registry):
            registry.pop("SelfPlayThrice-v0", None)


def test_make_imports_the_package_that_stands_before_the_colon():
    """Gymnasium 1.x has no entry points for plug-ins, so without an import of ours this is the way."""
    program = "import gymnasium as gym; print(gym.make('selfplay_gym:SelfPlayMath-v0').reset(seed=3)[0])"
    expected = gym.make("SelfPlayMath-v0").reset(seed=3)[0]
    assert run(program).stdout.strip() == expected
    bare = "import gymnasium as gym\ntry: gym.make('SelfPlayMath-v0')\nexcept gym.error.NameNotFound: print('unknown')"
    assert run(bare).stdout.strip() == "unknown"


@pytest.fixture
def riddles():
    def read(text):
        return Question(text, None, "riddles", None, "challenger")

    yield GameDomain("riddles", {"plain": Template("Ask a riddle.")}, read, "arithmetic", "majority", "noisy")
    domains.unregister("riddles")
    gym.registry.pop("SelfPlayRiddles-v0")
    pettingzoo.aec_registry.pop("SelfPlayRiddles-v0")
    pettingzoo.parallel_registry.pop("SelfPlayRiddles-v0")


def test_an_object_is_registered_and_played(riddles):
    selfplay_gym.register_domain("riddles", riddles)
    selfplay_gym.register_domain("riddles", riddles)  # the same again is no conflict
    env = gym.make("SelfPlayRiddles-v0", role="challenger", attempts=3)
    assert env.reset(seed=1)[0] == "Ask a riddle."
    assert env.step("What has an eye but cannot see?")[4]["question"] == "What has an eye but cannot see?"
    assert gym.make_vec("SelfPlayRiddles-v0", num_envs=2).reset(seed=1)[0][0]
    assert pettingzoo.make("aec", "SelfPlayRiddles-v0", attempts=1).possible_agents == ["challenger_0", "solver_0"]
    assert aec_env("riddles").possible_agents[0] == "challenger_0"
    assert domain_of("SelfPlayRiddles-v0") is riddles


def test_a_factory_is_decorated(riddles):
    @selfplay_gym.register_domain("riddles")
    def make_riddles():
        return riddles

    register_pettingzoo()
    assert make_riddles() is riddles
    assert gym.make("SelfPlayRiddles-v0").reset(seed=1)[0]


@pytest.mark.parametrize("name", ["teacher", "Math", "tokens"])
def test_an_id_that_is_taken_is_refused(name):
    with pytest.raises(ConfigError, match="taken"):
        selfplay_gym.register_domain(name, "capital_game:CAPITALS")
    assert name not in domains.names()


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(ConfigError, match="already registered"):
        selfplay_gym.register_domain("math", "capital_game:CAPITALS")
