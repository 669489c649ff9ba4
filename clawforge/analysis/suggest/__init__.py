"""Least privilege: the narrowest policy that still allows what was seen."""
