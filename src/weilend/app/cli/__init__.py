"""The command line: a door that calls nothing but the desk."""
