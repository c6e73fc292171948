"""Decides whether two mathematical answers mean the same; verifiers and users enter through `equal` and `policy`.

An answer is parsed, its values are compared as fingerprints, and sympy is asked only for what remains.
"""
