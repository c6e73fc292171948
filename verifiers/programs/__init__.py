"""Judges programs: runs them in the sandbox, tests them, labels questions; other rooms enter through `verifier`."""
