"""Sessions that a login made: kept for the next command, prolonged when they are short, and bound to their server."""
