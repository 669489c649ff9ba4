"""Files that `clawforge init` writes. `__ORG__`, `__SOURCE__` and `__VERSION__` are filled in."""
