"""The loops of an LSTM over time."""
