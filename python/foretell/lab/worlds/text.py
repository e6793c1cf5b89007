"""Text that every Python has: its own documentation and the sources of its standard library. Nothing is downloaded.

Neither has an entropy that is known; both are the same bytes wherever the version of Python is the same.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from foretell.lab.experiment import Run

START = 256
VOCABULARY = 257
"""The bytes, and what stands before the first one of a row."""


def documentation(limit: int | None = None) -> bytes:
    """Return the first bytes, or all, of what Python's ``help()`` knows: about half a megabyte of English."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics)).encode()[:limit]


def source_code(limit: int) -> bytes:
    """Return the first bytes of the standard library's modules, one after the other, by name.

    Packages are left out, and so are private modules: some of those are made for one machine.
    """
    found = bytearray()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("[a-z]*.py")):
        if len(found) >= limit:
            break
        found += path.read_bytes()
    return bytes(found[:limit])


def chosen(run: Run, limit: int | None = None) -> bytes:
    """Return the first bytes of the user's text if there is one, else of the documentation."""
    if run.text is None:
        return documentation(limit)
    with run.text.open("rb") as file:
        return file.read() if limit is None else file.read(limit)


def rows(data: bytes, length: int) -> NDArray[np.int64]:
    """Cut bytes into sequences, int64 [N, length + 1], the first token of each `START`; a rest at the end is left out.

    Examples
    --------
    >>> rows(b"abcde", 2)
    array([[256,  97,  98],
           [256,  99, 100]])
    """
    count = len(data) // length
    symbols = np.frombuffer(data, np.uint8, count * length).astype(np.int64).reshape(count, length)
    return np.hstack([np.full((count, 1), START), symbols])
