"""Versions of machines, held against what they should be."""
