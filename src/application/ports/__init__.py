"""What the use cases need from outside, one role a file."""
