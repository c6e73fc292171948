"""Our games inside other people's tools. Only the command line imports this room; it imports what it joins.

selfplay_gym.interop.trl         a dataset and reward functions for TRL's GRPOTrainer
selfplay_gym.interop.export      questions as the files of another tool, by format
selfplay_gym.interop.lm_eval     the format of lm-eval
selfplay_gym.interop.verl        the format of verl, and the reward function that its managers call
selfplay_gym.interop.openenv     a server of games for OpenEnv's clients, its client, and TRL's environment factory
selfplay_gym.interop.verifiers   a taskset and the game of two for verifiers
"""
