"""One file per command of the command line; `cli/` alone comes in."""
