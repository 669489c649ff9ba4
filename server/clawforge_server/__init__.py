"""The control plane: stores, signs and serves what the library compiles."""
