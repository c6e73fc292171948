"""What happens before anything else is imported."""
