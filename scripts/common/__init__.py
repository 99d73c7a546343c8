"""What the commands beside this folder share: how they begin, end and say what made a figure; tables of runs."""
