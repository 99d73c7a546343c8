"""Data sets that are known by name, and where they are found."""
