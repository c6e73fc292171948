"""The game of mathematics in its three views: one role, a group, all roles. No model needed.

python examples/play_math.py [--episodes 2] [--seed 0]
"""

import argparse

import gymnasium as gym

import selfplay_gym
from selfplay_gym.envs import aec_env


def play_the_solver(episodes: int, seed: int) -> None:
    """The procedural challenger asks, a scripted agent of skill ½ answers."""
    env = gym.make("SelfPlayMath-v0", render_mode="ansi")
    agent = selfplay_gym.make_agent("noisy", skill=0.5)
    question, _ = env.reset(seed=seed)
    for turn in range(episodes):
        _, reward, _, _, info = env.step(agent.act([question], seed=seed + turn)[0][0])
        print(env.render(), f"reward {reward:.0f}, label {info['label']}", sep="\n")
        question, _ = env.reset()
    env.close()


def play_the_challenger(seed: int) -> None:
    """The solver inside answers ten times; the reward is highest when it is right half the time."""
    env = gym.make("SelfPlayMath-v0", role="challenger", render_mode="ansi", opponent={"name": "noisy", "skill": 0.5})
    env.reset(seed=seed)
    env.step(r"<question>What is 12+7*3?</question> \boxed{33}")
    print(env.render())
    env.close()


def vote_in_a_group(seed: int) -> None:
    """Eight attempts at one question; the vote is the label, nobody looks at the computed answer."""
    envs = gym.make_vec("SelfPlayMath-v0", num_envs=8, verifier="majority", render_mode="ansi")
    prompts, _ = envs.reset(seed=seed)
    attempts = selfplay_gym.make_agent("noisy", accuracy=0.6).act(prompts[:1], n=8, seed=seed)[0]
    _, rewards, *_, info = envs.step(attempts)
    print(*(envs.render() or ()), f"rewards {rewards.astype(int)}, vote {info['vote']}", sep="\n")
    envs.close()


def play_all_roles(seed: int) -> None:
    """Every role is played from outside, one move at a time."""
    env = aec_env("math", attempts=4, episodes=2, render_mode="human")
    challenger = selfplay_gym.make_agent("generator", low=0.3, high=0.6)
    solver = selfplay_gym.make_agent("noisy", skill=0.5)
    env.reset(seed=seed)
    for turn, role in enumerate(env.agent_iter()):
        observation, _, done, _, _ = env.last()
        agent = challenger if role == "challenger_0" else solver
        env.step(None if done else agent.act([observation["prompt"]], seed=seed + turn)[0][0])
        if env.played and env.agent_selection == "challenger_0" and not done:
            env.render()
    env.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    play_the_solver(options.episodes, options.seed)
    play_the_challenger(options.seed)
    vote_in_a_group(options.seed)
    play_all_roles(options.seed)
