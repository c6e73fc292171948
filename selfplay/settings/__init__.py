"""The settings of a run as a tree of dataclasses: presets, TOML files, `--set`."""
