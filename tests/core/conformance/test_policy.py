"""The kit for policies passes what ships, and notices what a game could not live with."""

import itertools

import pytest

import selfplay_gym.verifiers  # noqa: F401 - registers what ships
from selfplay_gym import make_policy
from selfplay_gym.core.errors import PluginError
from selfplay_gym.core.records import ALLOWED, Ruling
from selfplay_gym.testing import check_policy

REFUSED = Ruling(True, "S1", "because")
TURN = itertools.count()


@pytest.mark.parametrize("name", ["rules", "none"])
def test_ours_pass(name):
    assert check_policy(make_policy(name)) == ["harmless", "refused", "hostile texts", "batch", "randomness"]


def made(check, **methods):
    return type("Broken", (), {"check": lambda self, text, role: check(text), **methods})()


def raises(text):
    return ALLOWED if text.isascii() else text.encode("ascii")


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (made(lambda text: REFUSED), "harmless: refuses 'What is 6"),
        (made(lambda text: Ruling("bad" in text)), "without a code"),
        (made(lambda text: ALLOWED), "refused: allows 'bad'"),
        (made(lambda text: None), "must give a Ruling"),
        (made(raises), "hostile texts: raised UnicodeEncodeError"),
        (made(lambda text: ALLOWED if next(TURN) % 31 else REFUSED), "other rulings"),
        (
            made(lambda text: ALLOWED, check_many=lambda self, texts, role, asked: [REFUSED] * len(texts)),
            "alone than in a",
        ),
        (made(lambda text: ALLOWED, check_many=lambda self, texts, role, asked: [ALLOWED]), "ruled on 1 texts"),
        (object(), "is not an output policy"),
    ],
)
def test_what_is_wrong_is_named(policy, says):
    with pytest.raises(PluginError, match=says):
        check_policy(policy, refused=["bad"])
