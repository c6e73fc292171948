"""Learning from pairs of completions of which one is preferred: the loss, its objective, and the update."""
