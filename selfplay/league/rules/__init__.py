"""Who meets whom, who joins a league and who leaves it, and how the settings of a role say so; all of it is pure."""
