"""What the public ClawForge plugin speaks, in terms of ours. Pure: no clock, no store."""
