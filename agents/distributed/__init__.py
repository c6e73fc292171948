"""Several processes that sample and train one model together; `agents.training` and `selfplay.roles` come in."""
