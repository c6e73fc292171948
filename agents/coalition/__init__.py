"""Several agents that answer as one; built by the name `coalition`."""
