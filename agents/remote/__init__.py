"""Agents and samplers behind an HTTP endpoint; `agents.models` and `selfplay.bench` come in."""
