"""What the control plane keeps: a port, and the stores that implement it."""
