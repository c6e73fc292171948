"""The layers that shut a process in (namespaces, Landlock, seccomp, limits); only `server` and `connection` enter.

The sandbox's server imports this room without our package around it, so its modules import nothing from outside
`sandbox`.
"""
