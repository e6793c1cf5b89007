"""Greedy merging of neighbours, the heart of both kinds of tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush


def merge(parts: Sequence[bytes], rank: Callable[[bytes, bytes], float | None]) -> list[bytes]:
    """Merge neighbours until none can be: always the pair of least rank, of equals the leftmost.

    Takes O(n log n) steps for n parts.

    Parameters
    ----------
    parts : sequence of bytes
        What to start from.
    rank : callable
        ``rank(left, right)`` is the rank of a pair, or None if it does not merge.

    Returns
    -------
    list of bytes
        What is left; joined, it equals the parts joined.

    Examples
    --------
    >>> ranks = {(b"a", b"a"): 1, (b"aa", b"b"): 2}
    >>> merge([b"a", b"a", b"a", b"b"], lambda left, right: ranks.get((left, right)))
    [b'aa', b'a', b'b']
    """
    count = len(parts)
    now = list(parts)  # b"" where a part was merged into one on its left
    after, before = list(range(1, count + 1)), list(range(-1, count - 1))
    heap: list[tuple[float, int, bytes, bytes]] = []
    for left in range(count - 1):
        value = rank(now[left], now[left + 1])
        if value is not None:
            heap.append((value, left, now[left], now[left + 1]))
    heapify(heap)
    while heap:
        _, left, a, b = heappop(heap)
        right = after[left]
        if now[left] != a or right == count or now[right] != b:
            continue  # one of the two has been merged since
        now[left], now[right] = a + b, b""
        after[left] = following = after[right]
        if following < count:
            before[following] = left
            value = rank(a + b, now[following])
            if value is not None:
                heappush(heap, (value, left, a + b, now[following]))
        previous = before[left]
        if previous >= 0:
            value = rank(now[previous], a + b)
            if value is not None:
                heappush(heap, (value, previous, now[previous], a + b))
    return [part for part in now if part]
