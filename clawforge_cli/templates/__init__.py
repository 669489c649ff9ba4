"""Files that `clawforge init` writes. Words such as `__ORG__` are filled in."""
