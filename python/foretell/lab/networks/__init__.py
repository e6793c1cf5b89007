"""Float networks of the laboratory, each in one file."""
