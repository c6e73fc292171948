"""How far apart the roles of one game live: copies, LoRA adapters, one model, or token types.

`agents.load` and `selfplay.roles` come in.
"""
