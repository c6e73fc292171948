"""How a run on a turn game went, for a terminal and as a page. `report.write` and `report.summary` come in."""
