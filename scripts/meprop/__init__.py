"""The tables of the meProp paper (arXiv 1706.06197): arms, seconds, Markdown, figures, verdicts."""
