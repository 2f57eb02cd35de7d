"""The program habar: one command group a file."""
