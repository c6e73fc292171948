"""Our games inside other people's trainers. Nothing in the package imports this room; it imports what it joins.

selfplay_gym.interop.trl    a dataset and reward functions for TRL's GRPOTrainer
"""
