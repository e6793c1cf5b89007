"""The peers as contestants: each in the fastest way that its public interface offers, with data as it wants them.

An adapter imports its package when it is made; `installed` makes those that can be imported. peers.txt installs them.
"""

from __future__ import annotations

import importlib.metadata

from contestants import Contestant
from isolated import attempt

from peer_adapters.queues import ConstrictionRange, RangeCodingCython, Torchac, Yaecl
from peer_adapters.stacks import AnsNumpy, CompressAI, ConstrictionAns, SimpleAns, TorchAns, TorchAnsTable

PEERS: tuple[type[Contestant], ...] = (
    TorchAns,
    TorchAnsTable,
    ConstrictionRange,
    ConstrictionAns,
    Torchac,
    Yaecl,
    RangeCodingCython,
    AnsNumpy,
    CompressAI,
    SimpleAns,
)


SECONDS = 600  # torchac compiles itself


def made_at_all(peer: type[Contestant]) -> str:
    """Return why a peer cannot be made, "" if it can."""
    try:
        peer()
    except BaseException as error:  # whatever a foreign package raises while it is imported
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


def installed() -> tuple[list[Contestant], dict[str, str]]:
    """Return the peers that can be imported, and why the others cannot."""
    made, missing = [], {}
    for peer in PEERS:
        reason = attempt(SECONDS, made_at_all, peer)
        if reason:
            missing[peer.name] = reason
        else:
            made.append(peer())
    return made, missing


def version(peer: Contestant) -> str:
    """Return the version of a contestant's package."""
    try:
        return importlib.metadata.version(peer.package)
    except importlib.metadata.PackageNotFoundError:
        return "from source"
