"""The files an operator deploys with, held against the program."""
