"""Which combinations of lists of patterns some command or path can satisfy, decided by automata and never sampled."""
