"""One judge a section of the effective policy. Each is compiled once, is immutable, and lists its reasons."""
