"""A league: many players, past and present, rated by the games they play; commands, and runs with opponents, come in.

ratings/                                 for the table, which no order changes, and for the next match
rules/                                   matchmaking; who joins, who leaves; the setting `roles.X.opponents`
games, turn_match, players, snapshots    a match of either kind, and who plays it
folder, play                             a league on disk; killed anywhere, it goes on to the same end
tally, standings, figures, page          what came out: table, cross-play, trend
opponents                                a role of a run trains against its league
"""
