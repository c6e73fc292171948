"""Rows of updates that come out of several turns: the moves of a game."""
