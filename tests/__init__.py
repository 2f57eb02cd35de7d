"""What Habar promises, as tests."""
