"""Rewards whoever tests programs: what its tests are read as, which wrong programs they are held against."""
