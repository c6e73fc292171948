"""What a solver may talk with during an attempt: `roles.solver.turns`. `run.run` comes in."""
