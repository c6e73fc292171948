"""What people decide about a run: which items they are shown, their decisions, and how far they agree."""
