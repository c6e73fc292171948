"""Questions in a fixed form of words: how they are read."""
