"""Computes and compares the values of trees (fractions, residues, floats, regions), for the rest of `answers`."""
