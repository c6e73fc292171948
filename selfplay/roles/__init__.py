"""The rows of a run's table of roles: an agent with its trainer, and what it is rewarded for."""
