"""The pages of a run: what each shows, and how it is drawn."""
