"""Output files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def atomic_output(path: str, *, overwrite: bool = False, like: os.stat_result | None = None) -> Iterator[IO[bytes]]:
    """Yield a file to write; when the block ends well, it is `path`, otherwise nothing is.

    The bytes go to a hidden file beside `path`, which is synced and renamed at the end and removed on any exception.
    Only a process that is killed outright leaves it behind. Devices and pipes are written directly.

    Parameters
    ----------
    path : str
    overwrite : bool
        Replace an existing file.
    like : os.stat_result, optional
        Take over permissions and modification time from this one.

    Raises
    ------
    FileExistsError
        If `path` exists, at the start or by the end, and `overwrite` is not set.
    OSError
        If writing fails.
    """
    exists = _exists(path)
    if exists and not _replaceable(path):
        with open(path, "wb") as file:  # a device or a pipe; a directory fails here, saying so
            yield file
        return
    if exists and not overwrite:
        raise FileExistsError(f"{path} already exists")
    folder, name = os.path.split(path)
    # Long names are cut, so that the temporary one stays within the 255 bytes that file systems allow.
    temporary = os.path.join(folder, f".{name[:50]}.{secrets.token_hex(6)}.tmp")
    try:
        # Until the end nobody else may read it if the source might be private.
        mode = 0o666 if like is None else 0o600
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        except OSError as error:
            raise OSError(error.errno, error.strerror, path) from None
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            if like is not None:
                os.chmod(temporary, stat.S_IMODE(like.st_mode) & 0o777)
            os.fsync(descriptor)
        if like is not None:
            os.utime(temporary, ns=(like.st_atime_ns, like.st_mtime_ns))
        if overwrite:
            os.replace(temporary, path)
        else:
            _move_new(temporary, path)
        _sync_folder(folder or os.curdir)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _exists(path: str) -> bool:
    """Tell whether there is something named `path`; raises OSError for a name that cannot be."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def _sync_folder(folder: str) -> None:
    """Make a rename in `folder` last, before the source of what was renamed may be removed."""
    with contextlib.suppress(OSError):  # not every system opens or syncs folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _replaceable(path: str) -> bool:
    """Tell whether `path` is, or dangling points to, a regular file."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return True


def _move_new(temporary: str, path: str) -> None:
    """Rename unless `path` exists: by a hard link, which fails then, where the file system has them."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise FileExistsError(f"{path} already exists") from None
    except OSError:
        if os.path.lexists(path):
            raise FileExistsError(f"{path} already exists") from None
        os.replace(temporary, path)
