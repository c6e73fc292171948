"""The layers that close a process in: namespaces, seccomp, landlock, rlimits; runs in the sandbox's process."""
