"""HTTP: parse, call a service, view."""
