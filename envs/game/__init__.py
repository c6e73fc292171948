"""The rules of the challenger/solver game, the domains it is played in, and where questions come from.

Views and runs come in, by the names of its modules.
"""
