"""One section of an effective policy a file: which pairs of levels calls have in it, before and after."""
