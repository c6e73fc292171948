"""Refuses harmful texts by a file of rules: what words are, how they are matched, and the rules; built by name."""
