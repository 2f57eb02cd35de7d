"""Kills, cuts, crashes, stops and jumps of the clock, done to real processes under load.

They take minutes: ``make test-faults``. ``chaos`` is also a command of its own.
"""
