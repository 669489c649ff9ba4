"""Webhooks of git forges: whether one is genuine, and which branches it says were pushed."""
