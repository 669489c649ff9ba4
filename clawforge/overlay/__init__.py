"""What is done by hand, beside the files and for a time: kill switches, quarantines, grants and elevations."""
