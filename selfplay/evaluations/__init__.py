"""Full evaluations every N games: all suites and cross-play, on weights that the run has saved, beside its training.

    hook.py     counts games and says when one is due
    hold.py     holds one: suites, cross-play, the labels so far → `evaluations/GAMES.json`
    process.py  the same in a process of its own
    page.py     all of them as `evaluations.html`, one point each

One is held at the end of a stage, on the checkpoints that stand there. It draws from streams of its own and loads
models of its own, so the weights of a run are those of a run without it.
"""
