"""Model servers as samplers: how each kind is asked and takes over adapters; `agents.remote.samplers` comes in."""
