"""Our games inside other people's tools. Only the command line imports this room; it imports what it joins.

selfplay_gym.interop.trl            a dataset and reward functions for TRL's GRPOTrainer
selfplay_gym.interop.textarena      games of TextArena as turn games
selfplay_gym.interop.inspect_ai     our exams as a task of Inspect AI, our agents as its models
selfplay_gym.interop.reasoning_gym  our generators as data sets of reasoning-gym
selfplay_gym.interop.export         questions as the files of another tool; its formats:
selfplay_gym.interop.lm_eval        a task folder for lm-eval
selfplay_gym.interop.data_set       a folder for `datasets.load_dataset`
selfplay_gym.interop.verl           parquet files and a reward function for verl
selfplay_gym.interop.openenv        a server of games for OpenEnv, its client, and TRL's environment factory
selfplay_gym.interop.verifiers      a taskset and the game of two for verifiers
"""
