"""The parts of ``bench.py``: loads, and what is read off while they last."""
