"""Rollouts by rings: which changes reach machines slowly, who is in which ring, and what stops it. Pure."""
