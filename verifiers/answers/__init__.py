"""Whether two mathematical answers mean the same: parse, fingerprint, and sympy only for what remains."""
