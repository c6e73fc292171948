"""What a run has written, read by byte offset and folded into summaries whose size does not grow with the run."""
