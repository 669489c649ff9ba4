"""Decisions: an effective policy and a request become allow, ask or deny, with every reason."""
