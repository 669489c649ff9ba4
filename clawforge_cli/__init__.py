"""The command line: everything that talks to people, git and hosts."""
