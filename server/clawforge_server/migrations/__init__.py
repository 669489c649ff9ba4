"""The history of the database's shape, and the way from any older shape to the present one."""
