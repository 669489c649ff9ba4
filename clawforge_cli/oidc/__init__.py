"""Signing in at an OpenID provider as a public client: there is no secret to keep."""
