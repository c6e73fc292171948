"""Verifiers that hold an attempt against a reference: exact, numeric, mathematical, reasoning-gym, and the controls."""
