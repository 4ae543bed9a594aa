"""Figures held against each other: contrasts, tests, adjustment for their number, ranks, trends."""
