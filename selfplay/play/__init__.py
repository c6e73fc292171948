"""The game for people: rounds on a terminal of any width, with a person in one of the roles, in both, or in none."""
