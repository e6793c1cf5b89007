"""Settings of the process: made in time, and never over the user's."""

import os
import subprocess
import sys

import pytest

SHOW = "import os; {}; print(os.environ.get('GOMP_SPINCOUNT'))"
PREPARE = "from foretell import process; process.prepare()"


@pytest.mark.parametrize(
    ("doing", "environment", "expected"),
    [
        (PREPARE, {}, "1000"),
        (PREPARE, {"GOMP_SPINCOUNT": "7"}, "7"),
        (PREPARE, {"OMP_WAIT_POLICY": "active"}, "None"),
        (f"import sys; sys.modules['torch'] = sys; {PREPARE}", {}, "None"),
        ("from foretell.cli import main; main(['-0', os.devnull])", {}, "1000"),
        ("import foretell; foretell.decompress(foretell.compress(b'abc', 0))", {}, "None"),
    ],
)
def test_waiting_threads_spin_briefly(doing: str, environment: dict[str, str], expected: str) -> None:
    clean = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-c", SHOW.format(doing)]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
