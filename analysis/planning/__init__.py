"""The next wave: sample sizes, allocation, draws."""
