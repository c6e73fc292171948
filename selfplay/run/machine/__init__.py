"""How a run goes from stage to stage and from commit to commit, whatever is played; what plays on it comes in."""
