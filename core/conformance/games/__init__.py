"""The kits of whole games: a domain that challengers and solvers play, and the rules of a turn game."""
