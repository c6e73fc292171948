"""The messages between host and sandbox: requests, values, results; both sides of `sandbox` import it, nobody else."""
