"""The runs on structured probabilistic pruning (arXiv 1709.06994): networks, methods, Markdown."""
