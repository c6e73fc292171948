"""Reads the text of an answer into a tree; other rooms enter through `parse`, `locate` and `clean`."""
