"""The game as Gymnasium, PettingZoo and stable-baselines3 see it: thin shells around `envs.game`.

Nobody comes in but the `make` functions of those libraries, and `envs` itself.
"""
