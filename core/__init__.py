"""Records, protocols, registries, seeding, errors, conformance kit: standard library and NumPy; all rooms come in."""
