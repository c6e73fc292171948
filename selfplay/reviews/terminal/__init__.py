"""Reviews with the keyboard: what is shown, what is typed, and a session of one reviewer."""
