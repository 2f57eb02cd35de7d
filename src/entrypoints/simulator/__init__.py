"""The providers' side of the wire, for development, tests and benchmarks."""
