"""The runs of the meSimp paper (arXiv 1711.06528): settings, Markdown."""
