"""Who confirms the votes of a run: the validator role or a correctness head, what each learns from, how good it is."""
