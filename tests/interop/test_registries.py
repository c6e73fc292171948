"""Our ids in the registries of Gymnasium and PettingZoo, as users look for them."""

import subprocess
import sys


def said_by(code):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_gymnasium_makes_vectors_without_an_import_of_ours_and_lists_our_ids():
    code = (
        "import gymnasium; made = gymnasium.make_vec('selfplay_gym:SelfPlayMath-v0', num_envs=2)\n"
        "print(made.num_envs, gymnasium.spec('SelfPlayKuhn-v0').name)\n"
        "print(gymnasium.pprint_registry(disable_print=True))"
    )
    found = said_by(code)
    assert found[:2] == ["2", "SelfPlayKuhn"]
    assert {"SelfPlayMath-v0", "SelfPlayCode-v0", "SelfPlayTicTacToe-v0"} <= set(found)


def test_pettingzoo_makes_our_games_when_it_was_imported_first():
    code = (
        "import pettingzoo, selfplay_gym\n"
        "print(pettingzoo.make('aec', 'SelfPlayMath-v0').possible_agents[0])\n"
        "print(pettingzoo.make('parallel', 'SelfPlayKuhn-v0').possible_agents[0])\n"
        "print(pettingzoo.spec('aec', 'SelfPlayMath').id)"
    )
    assert said_by(code) == ["challenger_0", "player_0", "SelfPlayMath-v0"]
