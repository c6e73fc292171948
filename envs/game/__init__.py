"""The rules of the challenger/solver game, the domains it is played in, and where its questions come from."""
