"""Teach stable-baselines3's PPO to choose the level of the next question, and compare it with other teachers.

    python examples/sb3_teacher.py                      about a minute on one core
    python examples/sb3_teacher.py --steps 2048         a quick look

The environment rewards a teacher for questions the learner gets right about half the time. A random teacher earns about
0.2 per question, the `band` curriculum adapts by a fixed rule, PPO has to find out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from selfplay_gym.selfplay.bench.policies import bench_policies


def train(steps: int, seed: int) -> PPO:
    """PPO after `steps` questions."""
    env = make_vec_env("SelfPlayTeacher-v0", n_envs=8, seed=seed)
    model = PPO(
        "MlpPolicy",
        env,
        n_steps=128,
        batch_size=256,
        learning_rate=1e-3,
        gamma=0.9,
        ent_coef=0.003,
        seed=seed,
        device="cpu",
    )
    return model.learn(steps)


def main(steps: int = 80_000, seed: int = 0, episodes: int = 100, output: Path = Path("runs/teacher.zip")) -> float:
    """Train, save, compare; returns PPO's mean reward per question."""
    output.parent.mkdir(parents=True, exist_ok=True)
    train(steps, seed).save(output)
    report = bench_policies(["random", "band", f"ppo=sb3:{output}"], "SelfPlayTeacher-v0", episodes=episodes, seed=seed)
    print(report)
    return report.score("ppo").value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--output", type=Path, default=Path("runs/teacher.zip"))
    main(**vars(parser.parse_args()))
