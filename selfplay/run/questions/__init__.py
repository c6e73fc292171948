"""Which questions a round has besides new ones, and what a challenger is asked for: pool, replay, conditions."""
