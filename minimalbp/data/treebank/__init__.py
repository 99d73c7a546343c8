"""Sentences with tags and trees, and the files that hold them."""
