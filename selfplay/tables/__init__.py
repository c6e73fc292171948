"""The logs of a run as tables: one kind of row each, every row with the same columns of the same types."""
