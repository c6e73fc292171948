"""Agents of known skill that prove games, curricula and rewards without a model."""
