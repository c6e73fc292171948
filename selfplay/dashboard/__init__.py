"""`selfplay-gym watch`: runs as they go on, in a browser; it reads run folders and never writes into one."""
