"""How the roles of one game share weights: copies, LoRA adapters, one model, or token types.

`agents.load` and `selfplay.roles` come in.
"""
