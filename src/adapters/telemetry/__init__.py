"""What is measured, for Prometheus."""
