"""Verifiers that compare an attempt with a reference, and the controls `format` and `random`; built by name."""
