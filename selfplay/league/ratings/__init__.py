"""How strong players are: by counts, for a table that no order of games changes, and game by game, for the next one."""
