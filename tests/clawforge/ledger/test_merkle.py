"""Merkle trees: the published vectors, and every proof of small trees against a tree built by the definition."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Growth,
    consistency_proof,
    frontier_of,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proves_consistency,
    proves_inclusion,
    split_point,
)

# The test leaves and roots of Certificate Transparency's reference implementation, and the proofs among them.
LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES]


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(defined_root(leaves[:middle]), defined_root(leaves[middle:]))


def numbered(count: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(count)]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_published_roots(size: int) -> None:
    assert frontier_of(HASHES[:size]).root.hex() == ROOTS[size]


def test_published_inclusion_proof() -> None:
    proof = inclusion_proof(0, 8, lambda low, high: defined_root(HASHES[low:high]))
    assert [item.hex() for item in proof] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_published_consistency_proof() -> None:
    proof = consistency_proof(6, 8, lambda low, high: defined_root(HASHES[low:high]))
    assert [item.hex() for item in proof] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(st.integers(0, 90))
def test_growing_gives_the_root_of_the_definition(size: int) -> None:
    leaves = numbered(size)
    assert frontier_of(leaves).root == defined_root(leaves)


@given(st.integers(0, 60), st.integers(0, 60))
def test_growth_goes_on_from_what_was_stored(first: int, more: int) -> None:
    leaves = numbered(first + more)
    stored = frontier_of(leaves[:first])
    growth = Growth(Frontier.decoded(stored.size, stored.encoded()))
    for leaf in leaves[first:]:
        growth.append(leaf)
    assert growth.frontier == frontier_of(leaves)


@given(st.integers(0, 80), st.integers(1, 4))
def test_completed_nodes_are_complete_subtrees(size: int, every: int) -> None:
    leaves = numbered(size)
    growth = Growth(Frontier(), every)
    for leaf in leaves:
        growth.append(leaf)
    expected = {(level, index) for level in range(every, 8, every) for index in range(size >> level)}
    assert {(node.level, node.index) for node in growth.completed} == expected
    for node in growth.completed:
        assert node.hash == defined_root(leaves[node.index << node.level : (node.index + 1) << node.level])


def test_every_inclusion_proof_of_small_trees_holds_and_fits_nothing_else() -> None:
    for size in range(1, 20):
        leaves = numbered(size)
        root = defined_root(leaves)
        for index in range(size):
            proof = inclusion_proof(index, size, lambda low, high, of=leaves: defined_root(of[low:high]))
            assert proves_inclusion(index, size, leaves[index], proof, root)
            for other in range(size):
                if other != index:
                    assert not proves_inclusion(other, size, leaves[index], proof, root)
            assert not proves_inclusion(index, size, leaves[index], (*proof, root), root)
            assert not proof or not proves_inclusion(index, size, leaves[index], proof[:-1], root)


def test_every_consistency_proof_of_small_trees_holds_and_fits_nothing_else() -> None:
    leaves = numbered(20)
    roots = [defined_root(leaves[:size]) for size in range(21)]
    for size in range(1, 20):
        for old in range(size + 1):
            proof = consistency_proof(old, size, lambda low, high: defined_root(leaves[low:high]))
            assert proves_consistency(old, roots[old], size, roots[size], proof)
            assert not proves_consistency(old, roots[20], size, roots[size], proof)
            if old:
                assert not proves_consistency(old, roots[old], size, roots[20], proof)
                assert not proves_consistency(old, roots[old], size, roots[size], (*proof, roots[1]))
            for index in range(len(proof)):
                broken = [*proof]
                broken[index] = roots[0]
                assert not proves_consistency(old, roots[old], size, roots[size], broken)


@given(st.integers(2, 10_000))
def test_the_split_point_is_the_largest_power_of_two_below(size: int) -> None:
    middle = split_point(size)
    assert middle < size <= middle * 2
    assert middle & (middle - 1) == 0


@pytest.mark.parametrize(("size", "data"), [(1, b""), (2, bytes(64)), (3, bytes(33)), (-1, b"")])
def test_peaks_that_do_not_fit_the_size_are_refused(size: int, data: bytes) -> None:
    with pytest.raises(ValueError, match="peaks"):
        Frontier.decoded(size, data)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 3)])
def test_there_is_no_proof_of_what_is_not_in_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(index, size, lambda low, high: EMPTY_ROOT)
    assert not proves_inclusion(index, size, EMPTY_ROOT, (), EMPTY_ROOT)
