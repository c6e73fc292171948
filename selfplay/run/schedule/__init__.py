"""The parts of a run, one after the other, and the rules that end them."""
