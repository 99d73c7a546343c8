"""What the commands do: read settings, train networks side by side, and keep a run in a folder."""
