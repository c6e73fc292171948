"""Rows of updates that come out of several turns: moves of games, and answers with an environment between their parts."""
