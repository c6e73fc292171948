"""Turn games as Gymnasium and PettingZoo see them: thin shells around `envs.turns`.

Nobody comes in but the `make` functions of those libraries, and `envs` itself.
"""
