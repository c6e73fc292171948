"""A tracker that counts what it is told."""

import json


class Counter:
    """Writes how often it was called into the run folder.

    Args:
        file: the name of the file.
    """

    def __init__(self, file="counted.json"):
        self.file, self.counts = file, {}

    def begin(self, run):
        self.path, self.counts = run.folder / self.file, {"id": run.id, "begin": run.step, "log": 0, "table": 0}

    def log(self, measures, step):
        self.counts["log"] += bool(measures)

    def table(self, name, columns, rows, step):
        self.counts["table"] += 1

    def end(self, reason):
        self.path.write_text(json.dumps({**self.counts, "end": reason}))
