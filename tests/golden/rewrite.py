"""Golden playthroughs: games between scripted agents with fixed seeds, as a person reads them.

    python tests/golden/rewrite.py            writes every file anew; read the difference before you commit it
    python tests/golden/rewrite.py teacher    writes teacher.txt

Nothing rewrites them by itself: a game that plays otherwise than before is either a mistake or a decision.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gymnasium as gym

from selfplay_gym import make_agent
from selfplay_gym.envs import aec_env

FOLDER = Path(__file__).parent
COMMAND = "python tests/golden/rewrite.py"


def math_solver() -> Iterator[str]:
    """A solver of skill ½ answers five procedural questions; the curriculum follows."""
    env = gym.make("SelfPlayMath-v0", render_mode="ansi", curriculum="band(window=2)")
    agent = make_agent("noisy", skill=0.5)
    question, info = env.reset(seed=7)
    for turn in range(5):
        attempt = agent.act([question], seed=turn)[0][0]
        yield f"level {info['level']:.2f}; the solver reads: {question}"
        yield f"the solver writes: {attempt}"
        _, reward, *_ = env.step(attempt)
        yield f"{env.render()}\nreward {reward:g}"
        question, info = env.reset()


def math_challenger() -> Iterator[str]:
    """A challenger asks something easy, something hard and nothing at all; a solver inside answers ten times."""
    env = gym.make("SelfPlayMath-v0", role="challenger", render_mode="ansi", opponent="noisy(skill=0.5)")
    proposals = [
        r"<question>What is 2+3?</question> \boxed{5}",
        r"<question>If 7x-5=3x+11, what is 9*(4x-3)-2?</question> \boxed{1}",
        r"What is 12+7*3? \boxed{33}",
    ]
    instruction, _ = env.reset(seed=7)
    yield f"the challenger reads: {instruction}"
    for proposal in proposals:
        yield f"the challenger writes: {proposal}"
        _, reward, *_, info = env.step(proposal)
        yield f"{env.render()}\nreward {reward:g}; {info['verdict'].reason}"
        env.reset()


def code_solver() -> Iterator[str]:
    """A program is asked for, and answered wrongly and rightly; then the values of short programs are asked for."""
    env = gym.make("SelfPlayCode-v0", render_mode="ansi", generator="program", curriculum="fixed(level=0.3)")
    question, _ = env.reset(seed=7)
    yield f"the solver reads:\n{question}"
    _, _, *_, info = env.step("I do not know.")
    right = f"```python\n{info['label']}\n```"
    for attempt in ("```python\ndef f(*given):\n    return given[0]\n```", right):
        env.reset(seed=7)
        yield f"the solver writes:\n{attempt}"
        _, reward, *_, info = env.step(attempt)
        yield f"{env.render()}\nreward {reward:g}; {info['verdict'].reason}"
    env = gym.make("SelfPlayCode-v0", render_mode="ansi", generator="deduction:short", curriculum="fixed(level=0.5)")
    agent = make_agent("coder")
    question, _ = env.reset(seed=7)
    for turn in range(3):
        attempt = agent.act([question], seed=turn)[0][0]
        yield f"the solver reads: {question}\nthe solver writes: {attempt}"
        _, reward, *_ = env.step(attempt)
        yield f"{env.render()}\nreward {reward:g}"
        question, _ = env.reset()


def teacher() -> Iterator[str]:
    """A teacher goes up a level where the learner is right more often than not, else down."""
    env = gym.make("SelfPlayTeacher-v0", render_mode="ansi", levels=6, horizon=8)
    env.reset(seed=7)
    level, truncated = 0, False
    while not truncated:
        _, reward, _, truncated, info = env.step(level)
        yield f"{env.render()}\nsolve rate {info['solve_rate']:.3f}, reward {reward:.3f}"
        level = min(5, level + 1) if info["solve_rate"] > 0.5 else max(0, level - 1)


def math_group() -> Iterator[str]:
    """Eight attempts at one question, judged by vote; then four challengers, two of whom ask the same."""
    envs = gym.make_vec("SelfPlayMath-v0", num_envs=8, verifier="majority", render_mode="ansi")
    prompts, info = envs.reset(seed=7)
    yield f"level {info['level']:.2f}; all solvers read: {prompts[0]}"
    attempts = make_agent("noisy", accuracy=0.6).act(prompts[:1], n=8, seed=7)[0]
    _, rewards, *_, info = envs.step(attempts)
    yield "\n".join(["the solvers write:", *attempts])
    yield "\n".join([*envs.render(), f"rewards {rewards.tolist()}, vote {info['vote']}"])
    envs = gym.make_vec(
        "SelfPlayMath-v0", num_envs=4, role="challenger", opponent="noisy(accuracy=0.5)", render_mode="ansi"
    )
    envs.reset(seed=7)
    sums = r"<question>What is 12+7*3?</question> \boxed{33}"
    other = r"<question>Solve 3x+4=19 for the one unknown number in it.</question> \boxed{5}"
    _, rewards, *_ = envs.step([sums, sums, other, "nonsense"])
    yield "\n".join([*envs.render(), f"rewards {[round(reward, 3) for reward in rewards.tolist()]}"])


def math_aec() -> Iterator[str]:
    """All roles are played from outside, one move at a time: three episodes, the second with a malformed proposal."""
    env = aec_env("math", attempts=3, episodes=3, render_mode="ansi")
    challenger, solver = make_agent("generator", low=0.3, high=0.6), make_agent("noisy", accuracy=0.6)
    env.reset(seed=7)
    for turn, agent in enumerate(env.agent_iter()):
        observation, reward, done, _, _ = env.last()
        played = env.played
        if done:
            yield f"{agent} is done, with reward {reward:.3f}"
            env.step(None)
            continue
        player = challenger if agent == "challenger_0" else solver
        move = "nonsense" if turn == 4 else player.act([observation["prompt"]], seed=turn)[0][0]
        yield f"{agent} reads: {observation['prompt']}\n{agent} writes: {move}"
        env.step(move)
        if env.played is not played:
            yield str(env.render())


GAMES: dict[str, Callable[[], Iterator[str]]] = {
    game.__name__: game for game in (math_solver, math_challenger, code_solver, teacher, math_group, math_aec)
}


def playthrough(name: str) -> str:
    """The text of one game, with what it shows as its title."""
    game = GAMES[name]
    return "\n\n".join([f"# {(game.__doc__ or '').strip()}", *game()]) + "\n"


def main(names: list[str]) -> None:
    """Write the named games, or all."""
    for name in names or GAMES:
        (FOLDER / f"{name}.txt").write_text(playthrough(name), encoding="utf-8")
        print(f"wrote tests/golden/{name}.txt")


if __name__ == "__main__":
    main(sys.argv[1:])
