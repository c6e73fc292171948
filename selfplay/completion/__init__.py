"""Tab completion in shells: what may stand where (`candidates`), and how bash and zsh are told (`shells`)."""
