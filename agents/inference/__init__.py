"""From token ids to completions and log-probabilities: decoding, packing, kernels, devices; knows no role."""
