"""What serves the ports."""
