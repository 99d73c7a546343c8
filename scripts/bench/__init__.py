"""What the benchmarks share: options, networks with a clock, Markdown."""
