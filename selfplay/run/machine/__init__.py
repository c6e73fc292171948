"""How a run goes on from stage to stage and from commit to commit, whatever is played; `run.run`, `run.turns` come in."""
