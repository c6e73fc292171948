"""Verifiers made of several judgements: the majority vote, compounds, a language model as judge."""
