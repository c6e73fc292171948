"""Other ways to ask a question: what the solver must come to if its vote is right; domains come in."""
