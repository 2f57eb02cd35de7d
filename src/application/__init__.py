"""The use cases, on ports."""
