"""The audit ledger: records whose hashes form a Merkle tree, signed statements about that tree, and their proof."""
