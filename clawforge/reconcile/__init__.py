"""The reconciler's words: what it is told, what it says of itself, and what it may write with."""
