"""What every adapter of a port must do; subclassed, never run alone."""
