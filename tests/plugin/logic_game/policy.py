"""A policy for what models write."""

from selfplay_gym.core.records import ALLOWED, Ruling


class NoLies:
    """Refuses texts that hold a word.

    Args:
        word: the word.
    """

    def __init__(self, word="lie"):
        self.word = word

    def check(self, text, role):
        return Ruling(True, "S5", f"{self.word!r} is not said here") if self.word in text else ALLOWED
