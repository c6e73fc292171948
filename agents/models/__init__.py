"""Language models as agents: loading, the embedded tiny model, SmolLM2, and the correctness head beside them."""
