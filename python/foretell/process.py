"""Settings of the whole process that the speed of a model in torch needs. None of them changes a result.

The command makes them; a program that uses the library decides for itself: `foretell.process.prepare()`.
"""

from __future__ import annotations

import ctypes
import os
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # glibc's malloc.h


def prepare() -> None:
    """Set all of them; call it before torch is imported."""
    keep_freed_memory()
    spin_briefly()


def keep_freed_memory() -> None:
    """Tell glibc to serve blocks below 32 MiB from its heap and to give the heap back late; elsewhere do nothing.

    Large temporaries otherwise cost page faults at every step. Measured on the default level: 15 % faster.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return
    mallopt(_M_MMAP_THRESHOLD, 32 << 20)
    mallopt(_M_TRIM_THRESHOLD, 256 << 20)
    mallopt(_M_TOP_PAD, 16 << 20)


def spin_briefly() -> None:
    """Let threads that wait for each other (GNU OpenMP's, which torch uses) sleep soon instead of spinning for long.

    Spinning threads keep the one they wait for from running when other programs want the cores: measured on 2 cores,
    the default level fell from 190 to 40 KB/s, once to 2, beside two busy processes; with this it goes from 170 to 80.
    Settings of the user's stand, and it is too late once torch is loaded.
    """
    if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
