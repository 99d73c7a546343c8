"""Batch normalisation and local response normalisation, the workers of norm.py."""
