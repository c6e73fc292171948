"""Verifiers that combine judgements or ask a model (majority vote, compounds, LLM judge); built by name."""
