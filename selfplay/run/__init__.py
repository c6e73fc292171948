"""One run: its state, its stages in their order, commit and resume."""
