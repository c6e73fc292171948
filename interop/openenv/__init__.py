"""Our games as an OpenEnv environment (openenv 0.10): a server with one game per WebSocket session, and its client.

    models.py               what is sent: an action is a text, an observation a prompt or a verdict
    server/environment.py   the environment; server/app.py serves it
    client.py               `SelfPlayClient`
    training.py             games on a server for TRL's `environment_factory`
    openenv.yaml            what OpenEnv's own tools read

Nothing else in the package imports this room; it needs the extra `openenv`. `docs/interop_openenv.md` shows its use.
"""
