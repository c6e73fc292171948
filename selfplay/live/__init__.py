"""What a run tells of itself while it goes on: a bounded file in its folder, which decides nothing."""
