"""A province whose truth is known, for the demo, the tests and the manual."""
