"""The game as pure rules, and its views: Gymnasium, group vector, PettingZoo, numeric."""

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
