"""What the commands do: settings, networks side by side, and the folder that keeps a run."""
