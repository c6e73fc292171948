"""Procedural questions with a computable reference, at the level that a curriculum asks for."""
