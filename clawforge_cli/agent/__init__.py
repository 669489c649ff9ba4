"""The agent of one machine: enrols, polls, verifies, keeps the last good policy, and decides on a Unix socket."""
