"""What people decided, as something to learn from: who learns what from it, and when that has gone on for too long."""
