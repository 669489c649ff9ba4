"""Use cases: each checks, does one thing in one transaction, and leaves an audit record."""
