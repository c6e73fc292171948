"""Exact and bounded arithmetic on answers: fractions, residues, intervals, linear equations."""
