"""What an exam is made of: questions, suites, grading, results, and the check that nothing leaked.

All of `selfplay` comes in.
"""
