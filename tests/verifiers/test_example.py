"""The example in the documentation runs."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "write_a_verifier.py"


def test_write_a_verifier():
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--questions", "2"], capture_output=True, text=True, timeout=120
    )
    assert "conforms: " in done.stdout, done.stderr
    assert done.stdout.count("parity") == 2
