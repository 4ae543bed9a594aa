"""Whom each row stands for: design weights, post-stratification, raking, calibration, counts of dossiers."""
