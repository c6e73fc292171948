"""The kits of games: a domain that challengers and solvers play, the rules of a turn game, and how one is learnt."""
