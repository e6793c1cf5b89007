"""JSON files of strangers: read whole, and asked for values of a type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from foretell.errors import CorruptError

_MISSING = object()


class JsonObject:
    """A JSON object that knows its file.

    Attributes
    ----------
    name : str
        File and place, for messages.
    values : dict
    """

    def __init__(self, values: Any, name: str) -> None:
        if not isinstance(values, dict):
            raise CorruptError(f"{name}: not a JSON object")
        self.values, self.name = values, name

    @classmethod
    def read(cls, path: Path) -> JsonObject:
        """Read a file; CorruptError if it does not hold a JSON object, OSError if it cannot be read."""
        try:
            return cls(json.loads(path.read_bytes()), str(path))
        except (ValueError, RecursionError) as error:
            raise CorruptError(f"{path}: not JSON: {error}") from None

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = _MISSING) -> Any:
        """Return a value; `default` if it is absent or null; CorruptError if it is of another type."""
        value = self.values.get(key)
        if value is None and default is not _MISSING:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            what = "missing" if value is None else f"{str(value)[:40]!r}, of a wrong type"
            raise CorruptError(f"{self.name}: {key!r} is {what}")
        return value

    def child(self, key: str) -> JsonObject:
        """Return the object under a key."""
        return JsonObject(self.get(key, dict), f"{self.name}: {key}")
