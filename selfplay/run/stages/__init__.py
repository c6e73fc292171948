"""The stages that ship with the package, one file each; `selfplay.run.train` composes them by name."""
