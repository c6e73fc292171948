"""The checkout is the package and no place to import from: its folder `verifiers` has another library's name.

`python -m pytest` puts the present folder first among the places where modules are looked for, and so does a dot in
`PYTHONPATH`. It leaves them here, before any test asks for a library.

One thread for each worker: the models of these tests are small, and two threads that wait for each other where another
program has one of two cores made a file of tests twenty times slower.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:] = [place for place in sys.path if Path(place).resolve() != ROOT]
os.environ.setdefault("OMP_NUM_THREADS", "1")
