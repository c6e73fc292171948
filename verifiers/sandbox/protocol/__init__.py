"""What host and sandbox say to each other: requests, values, results, one line at a time."""
