"""The loops of an LSTM over time, forward and backward."""
