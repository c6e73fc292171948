"""Who meets whom, which snapshots join a league, which leave it, and how a role's settings say so; all of it is pure."""
