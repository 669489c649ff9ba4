"""Recorded tool calls, decided again: what a change of policies would have meant for them."""
