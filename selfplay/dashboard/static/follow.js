// Keeps a page at what its run has written.
