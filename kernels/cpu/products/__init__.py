"""Matrix products: dense, of chosen rows, and of chosen entries."""
