"""Stage 1, the warm-up: makes the bases that come with the package, from generated corpora; `bases.py` lists them."""
