"""One pass over the rows: integer counts per stratum, PSU, weighting class and domain, on one machine or on Spark."""
