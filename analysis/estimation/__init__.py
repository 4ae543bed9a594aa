"""Figures with standard errors, design effects, intervals, reliability and flags, in every domain."""
