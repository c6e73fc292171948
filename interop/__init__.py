"""Our games inside other people's tools. Only the command line imports this room; it imports what it joins.

selfplay_gym.interop.trl         a dataset and reward functions for TRL's GRPOTrainer
selfplay_gym.interop.export      questions as the files of another tool, by format
selfplay_gym.interop.lm_eval     the format of lm-eval
"""
