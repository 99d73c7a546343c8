"""Files of labelled examples, one format each."""
