"""The same game as Gymnasium, PettingZoo and stable-baselines3 see it; each a thin shell around `envs.game`."""
