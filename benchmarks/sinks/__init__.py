"""The two engines of ``sink.py``."""
