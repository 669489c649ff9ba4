"""Use cases that only old plugins have, on the same state as everybody's."""
