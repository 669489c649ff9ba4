"""Identity tokens of foreign issuers: fetching the issuers' keys, and verifying what they signed."""
