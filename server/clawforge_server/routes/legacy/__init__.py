"""The API of the public ClawForge, for its plugins and consoles: its own paths, answers and errors."""
