"""What passes between a sampler and whoever asks it; all of `agents` and the runs come in."""
