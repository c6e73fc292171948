"""The taskset `selfplay-gym-vf`, and the harness of its agents, as verifiers finds them."""

from selfplay_gym.interop.verifiers.harness import OneReply
from selfplay_gym.interop.verifiers.taskset import SelfPlayTaskset

__all__ = ["OneReply", "SelfPlayTaskset"]
