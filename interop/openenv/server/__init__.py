"""The side of OpenEnv that holds the games: the environment of one session, and the application that serves many."""
