"""Terms that rewards of challengers are made of, a rule of one number per question each; `weighted_sum` names them."""
