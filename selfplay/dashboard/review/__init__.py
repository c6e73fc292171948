"""The review queue in a browser: what the gates picked, one item at a time, and what people decide about it."""
