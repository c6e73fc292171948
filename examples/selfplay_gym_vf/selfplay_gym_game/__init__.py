"""The environment `selfplay-gym-game` of a challenger and a solver, as verifiers finds it."""

from selfplay_gym.interop.verifiers.game import SelfPlayEnv

__all__ = ["SelfPlayEnv"]
