"""`check_device`: whether torch can work on a device here."""

from __future__ import annotations

from foretell.errors import UnsupportedError


def check_device(device: str) -> None:
    """Raise `foretell.UnsupportedError`, which says why, if torch cannot work on a device. The CPU needs no torch."""
    if device == "cpu":
        return
    try:
        import torch
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UnsupportedError(
            f"device {device!r} needs torch, which is not installed: pip install 'foretell[torch]'"
        ) from error
    except (ImportError, OSError) as error:
        raise UnsupportedError(f"device {device!r} needs torch, which does not load: {error}") from error
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch raises each of them
        raise UnsupportedError(f"device {device!r} cannot be used: {error}") from error
