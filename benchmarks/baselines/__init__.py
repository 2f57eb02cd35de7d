"""What Habar is measured against."""
