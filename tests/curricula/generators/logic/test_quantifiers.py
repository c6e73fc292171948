"""What is taken after draws without effect: values that grow with x, so that some x satisfy it and some do not."""

import pytest

from selfplay_gym.core.seeding import python_stream
from selfplay_gym.curricula.generators.logic.quantifiers import _draw


@pytest.mark.parametrize("counts", [(4, 2), (8, 4, 4), (10, 3, 3, 3)])
def test_without_smaller_remainders_values_grow_with_x(counts):
    rng = python_stream(0, "grow")
    for _ in range(50):
        drawn = _draw(counts, rng, reduced=False)
        values = [drawn.value((x,)) for x in drawn.sets[0]]
        assert values == sorted(set(values))
