"""Runs in a notebook: training with a display that goes along, and a finished or running run to look at."""
