"""A league: many players, past and present, rated by the games they play; commands, and runs with opponents, come in.

matchmaking, joining, pruning    who meets whom, which snapshots join, which leave; pure
bradley_terry, online            ratings for the table, which no order changes, and for the next match
games, players                   a match of either kind, and its players, loaded once within a bound of memory
folder, play                     a league on disk: `league.json`, `matches.jsonl`; killed anywhere, it goes on
standings, figures, page         what came out: table, cross-play, trend
opponents                        a role of a run trains against its league
"""
