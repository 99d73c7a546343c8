"""The cost law, k / n: measured in seconds against the best dense code, and held against the machine's ceilings."""
