"""Sparse gradients that learn as well as dense ones: the arms, the facts about gradients, Markdown."""
