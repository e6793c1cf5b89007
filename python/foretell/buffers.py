"""Bytes-like arguments, seen as plain bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def byte_view(data: Buffer) -> memoryview:
    """Return `data` as a flat uint8 view, without a copy.

    Raises
    ------
    TypeError
        If `data` is not bytes-like or not C-contiguous.
    """
    view = memoryview(data)
    return view.cast("B") if view.nbytes else memoryview(b"")  # a view with a zero in its shape cannot be cast
