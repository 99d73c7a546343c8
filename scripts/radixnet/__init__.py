"""The runs on sparse topologies (arXiv 1810.00299, 1905.00416): networks, recipes, exact work, Markdown."""
