"""Merkle trees as RFC 6962 and RFC 9162 (section 2.1) define them: hashes, roots, proofs, and what checks them.

Hashes are raw SHA-256, 32 bytes. A tree grows at its right end only; a `Frontier` holds what growing needs, one hash
for every bit of the size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Hashes = tuple[bytes, ...]
RangeHash = Callable[[int, int], bytes]
"""The root of the leaves from (included) to (excluded), both counted from 0."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a complete subtree: leaves `index << level` to `(index + 1) << level`, the last excluded."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree of `size` leaves, as the roots of its complete subtrees, the largest first."""

    size: int = 0
    peaks: Hashes = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves has {self.size.bit_count()} peaks, not {len(self.peaks)}")

    @property
    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def encoded(self) -> bytes:
        """The peaks, one after the other."""
        return b"".join(self.peaks)

    @classmethod
    def decoded(cls, size: int, data: bytes) -> Frontier:
        """Back from `encoded`. Raises ValueError if the bytes do not fit the size."""
        if len(data) % HASH_BYTES:
            raise ValueError("the peaks are cut off")
        return cls(size, tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


@dataclass(slots=True)
class Growth:
    """Appends to a tree. `completed` collects the complete subtrees whose level is a multiple of `every`."""

    start: Frontier
    every: int = 8
    completed: list[Node] = field(default_factory=list)
    _size: int = field(init=False)
    _peaks: list[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._size, self._peaks = self.start.size, list(self.start.peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        level, node, size = 0, leaf, self._size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            level += 1
            size >>= 1
            if level % self.every == 0:
                self.completed.append(Node(level, size, node))
        self._peaks.append(node)
        self._size += 1

    @property
    def size(self) -> int:
        """How many leaves there are now."""
        return self._size

    @property
    def frontier(self) -> Frontier:
        """The tree as it is now."""
        return Frontier(self._size, tuple(self._peaks))


def frontier_of(leaves: Iterable[bytes]) -> Frontier:
    """The tree of these leaf hashes."""
    growth = Growth(Frontier())
    for leaf in leaves:
        growth.append(leaf)
    return growth.frontier


def split_point(size: int) -> int:
    """The largest power of two below `size`, where RFC 6962 splits a list of two leaves or more."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(index: int, size: int, range_hash: RangeHash) -> Hashes:
    """The hashes that lead from a leaf to the root of the first `size` leaves (RFC 9162, 2.1.3.1)."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + split_point(high - low)
        if index < middle:
            path.append(range_hash(middle, high))
            high = middle
        else:
            path.append(range_hash(low, middle))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old: int, size: int, range_hash: RangeHash) -> Hashes:
    """The hashes that show that a tree of `old` leaves is the beginning of one of `size` (RFC 9162, 2.1.4.1)."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {size}")
    if old in (0, size):
        return ()
    path: list[bytes] = []
    low, high, known = 0, size, True
    while old != high:
        middle = low + split_point(high - low)
        if old <= middle:
            path.append(range_hash(middle, high))
            high = middle
        else:
            path.append(range_hash(low, middle))
            low, known = middle, False
    if not known:
        path.append(range_hash(low, high))
    return tuple(reversed(path))


def root_from_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The root that a proof leads to; None for a proof of the wrong length (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return None
    node, last, root = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            root = node_hash(step, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, step)
        node, last = node >> 1, last >> 1
    return root if last == 0 else None


def proves_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf stands at this index of the tree with this size and root."""
    return root_from_inclusion(index, size, leaf, proof) == root


def proves_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the first tree is the beginning of the second (RFC 9162, 2.1.4.2)."""
    if old == size:
        return not proof and old_root == root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old < size:
        return False
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    found_old = found = path[0]
    for step in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            found_old, found = node_hash(step, found_old), node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return last == 0 and found_old == old_root and found == root
