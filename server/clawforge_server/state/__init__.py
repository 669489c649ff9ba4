"""What the server keeps in memory so that hot requests need no database."""
