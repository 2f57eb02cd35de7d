"""The parts of ``figures.py``: what it starts, and what it asks."""
