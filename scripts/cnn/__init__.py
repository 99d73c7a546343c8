"""Top-k in convolutional networks: the arms, the pictures, the gap between train and test, Markdown."""
