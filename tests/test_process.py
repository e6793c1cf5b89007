"""Settings of the process: made in time, and never over the user's."""

import os
import subprocess
import sys

import pytest

SHOW = "import os; from foretell import models; {}; print(os.environ.get('GOMP_SPINCOUNT'))"


@pytest.mark.parametrize(
    ("doing", "environment", "expected"),
    [
        ("models.for_level(1, 10)", {}, "1000"),
        ("models.for_level(1, 10)", {"GOMP_SPINCOUNT": "7"}, "7"),
        ("models.for_level(1, 10)", {"OMP_WAIT_POLICY": "active"}, "None"),
        ("import torch; models.for_level(1, 10)", {}, "None"),
        ("import foretell", {}, "None"),
    ],
)
def test_waiting_threads_spin_briefly(doing: str, environment: dict[str, str], expected: str) -> None:
    pytest.importorskip("torch")
    clean = {key: value for key, value in os.environ.items() if key not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    command = [sys.executable, "-c", SHOW.format(doing)]
    done = subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
