"""The code game without a model: programs are asked for, run in the sandbox, voted on, and tested by a tester.

    python examples/code_game.py [--level 0.7] [--seed 0]

Needs a system on which the sandbox runs (Linux; `selfplay-gym doctor` says what holds here).
"""

from __future__ import annotations

import argparse

import gymnasium as gym

import selfplay_gym
from selfplay_gym.envs import aec_env
from selfplay_gym.verifiers.programs.mutants import mutants


def fenced(program: str) -> str:
    return f"```python\n{program}\n```"


def find_the_faulty_line(level: float, seed: int) -> None:
    """One role: a procedural specification, answered by a program with one fault; the picture shows where it is."""
    generator = {"name": "code", "parts": {"program": 1.0}}
    curriculum = {"name": "fixed", "level": level}
    env = gym.make("SelfPlayCode-v0", render_mode="ansi", generator=generator, curriculum=curriculum)
    env.reset(seed=seed)
    _, _, _, _, info = env.step("I give up.")
    reference = info["label"]
    env.reset(seed=seed)
    faulty = [mutant for mutant in mutants(reference) if mutant.operator != "return"]
    _, reward, _, _, info = env.step(fenced(faulty[seed % len(faulty)].source))
    print(env.render(), f"reward {reward:.0f}: {info['verdict'].reason}", sep="\n")
    env.close()


def play_all_four_tasks(level: float, seed: int) -> None:
    """The reference answer of each task earns 1, and the label is what the program returned when it was run."""
    verifier = selfplay_gym.make_verifier("code")
    rng = selfplay_gym.core.seeding.python_stream(seed, "example")
    for task in ("deduction", "abduction", "induction", "program"):
        question = selfplay_gym.make_generator("code").generate(selfplay_gym.TaskSpec(level, task), rng)
        gold = rf"\boxed{{{question.reference}}}" if task in ("deduction", "abduction") else fenced(question.reference)
        judgement = verifier.judge(question, [gold, "no idea"])
        print(f"{task:10} {[v.score for v in judgement.verdicts]}  {judgement.verdicts[0].reason}")
        assert [v.score for v in judgement.verdicts] == [1.0, 0.0]


def play_all_roles(seed: int) -> None:
    """All roles: nobody knows the true program, three solvers vote by behaviour, the tester finds the odd one."""
    env = aec_env("code", attempts=3, render_mode="ansi")
    env.reset(seed=seed)
    env.step("<question>Write f, the number of positive items of a list: f([1, -2, 3]), f([]), f([0])</question>")
    env.step(fenced("def f(xs):\n    return len([x for x in xs if x > 0])"))
    env.step(fenced("def f(xs):\n    return sum(x > 0 for x in xs)"))
    env.step(fenced("def f(xs):\n    return sum(x >= 0 for x in xs)"))
    env.step("The edge is zero:\n" + fenced("assert f([0, 1]) == 1\nassert f([]) == 0"))
    print(env.render())
    print(f"tester {env.rewards['tester_0']:.2f}: {env.infos['tester_0']['verdict'].reason}")
    assert env.rewards["tester_0"] == 1.0
    env.close()


def main(level: float = 0.7, seed: int = 0) -> None:
    """All three."""
    play_all_four_tasks(level, seed)
    find_the_faulty_line(level, seed)
    play_all_roles(seed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))
