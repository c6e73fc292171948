"""Our games as environments of verifiers (0.4, its v1): questions for one agent, and the game of two.

    taskset.py    `SelfPlayTaskset`: questions for a solver, with its reward
    game.py       `SelfPlayEnv`: a challenger writes, solvers answer, each is rewarded by the rules of the game
    harness.py    `OneReply`: asks a model once, in this process

verifiers finds environments by the names of importable packages; `examples/selfplay_gym_vf` is such a package. Nothing
else imports this room; `docs/interop_verifiers.md` shows its use.
"""
