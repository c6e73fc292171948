"""What others need of a run: a page on it, a card for each checkpoint, and the way to a model hub."""
