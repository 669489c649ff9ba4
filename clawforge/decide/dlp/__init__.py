"""Data loss prevention: what a text holds that must not leave, and the text without it.

`engine` finds, `scan_params` walks the parameters of a tool call and redacts them, `registry` lists the
detectors. What a finding leads to (block, ask, redact, warn, log) is decided by the caller.
"""
