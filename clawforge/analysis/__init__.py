"""What policies mean: who may do what, what a change does to that, and the proofs of it."""
