"""A game about the truth of small formulas, with a plug-in of every kind: one file each, named after its kind."""
