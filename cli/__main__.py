"""`python -m selfplay_gym.cli`: the command where no script is installed."""

from . import run

run()
