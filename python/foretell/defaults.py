"""Choices that users make by not choosing; changing them changes new files, not how files are read."""

BLOCK_SIZE = 1 << 20
"""Plain bytes in a block."""

DEFAULT_LEVEL = 5
"""The compression level."""
