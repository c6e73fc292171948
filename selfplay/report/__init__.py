"""A run for people: as one HTML page (`write`), and in the terminal (`summary`)."""
