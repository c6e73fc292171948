"""The conformance kit: what every plug-in must do, one file per kind.

Plug-in authors come in, through `selfplay_gym.testing`:

    from selfplay_gym.testing import check_verifier

    def test_my_verifier():
        check_verifier(MyVerifier())

Each check that fails is a line of the `PluginError` raised at the end; what passed is returned by name.
"""

from .agent import check_agent
from .condition import check_condition
from .curriculum import check_curriculum
from .games.domain import check_domain
from .games.learning import check_baseline, check_opponents
from .games.turn_game import check_turn_game
from .generator import check_generator
from .perturbation import check_perturbation
from .policy import check_policy
from .reward import check_reward
from .runs import check_stage, check_update
from .source import check_source
from .tracker import check_tracker
from .verifier import check_verifier

__all__ = [
    "check_agent",
    "check_baseline",
    "check_condition",
    "check_curriculum",
    "check_domain",
    "check_generator",
    "check_opponents",
    "check_perturbation",
    "check_policy",
    "check_reward",
    "check_source",
    "check_stage",
    "check_tracker",
    "check_turn_game",
    "check_update",
    "check_verifier",
]
