"""Work in chunks by other processes: the order, what is lost and done again, and the processes, here or Ray's."""
