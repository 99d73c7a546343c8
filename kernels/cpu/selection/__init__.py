"""How units are chosen: the largest, the largest of each sign, and those that a walk meets."""
