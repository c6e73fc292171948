"""Who meets whom, which snapshots join a league and which leave, and how a role's settings say so; all of it is pure."""
