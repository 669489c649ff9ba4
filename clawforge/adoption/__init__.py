"""Making files of what a server holds."""
