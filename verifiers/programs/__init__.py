"""Programs as answers: run in the sandbox, tested, labelled by what they return."""
