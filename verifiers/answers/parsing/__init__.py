"""From a model's text to the tree of an answer: tokens, words, units, TeX."""
