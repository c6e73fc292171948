"""The game as pure rules, and its views: Gymnasium, group vector, PettingZoo, numeric."""

import gymnasium as gym

from ..core.registries import register_reward

for _name, _factory in {
    "r-zero": "r_zero",
    "r-zero-code": "r_zero_code",
    "azr": "azr",
    "sqlm": "sqlm",
    "spice": "spice",
    "4p(1-p)": "variance",
}.items():
    register_reward(_name, f"selfplay_gym.envs.rewards:{_factory}")

if "SelfPlayMath-v0" not in gym.registry:  # a module imported twice is no second environment
    gym.register(
        "SelfPlayMath-v0",
        entry_point="selfplay_gym.envs.single:self_play_env",
        vector_entry_point="selfplay_gym.envs.group:GroupEnv",
        order_enforce=False,  # the environment itself raises ResetNeeded, and saves a wrapper per call
        kwargs={"domain": "math"},
    )
