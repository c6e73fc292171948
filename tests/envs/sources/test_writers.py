"""Who writes for a source is told by its name, however deep it stands."""

import pytest

from selfplay_gym.envs.sources.writers import writers


@pytest.mark.parametrize(
    ("sources", "roles"),
    [
        (["challenger"], {"challenger"}),
        ([" challenger() "], {"challenger"}),
        (["challenger(role=writer)"], {"writer"}),
        (["challenger(writer)"], {"writer"}),
        (["adversarial(of=challenger)"], {"challenger"}),
        (["adversarial(challenger, every=2)"], {"challenger"}),
        (["adversarial(of=adversarial(of='challenger(role=a)'))", "challenger"], {"a", "challenger"}),
        (
            [
                "procedural",
                "adversarial",
                "file(path=challenger)",
                "agent(challenger)",
                "adversarial(of=3)",
                "a(b=1, c)",
            ],
            set(),
        ),
    ],
)
def test_the_roles_that_write(sources, roles):
    assert writers(sources) == roles
