"""Whether all is well: can an answer be stored now, was the night good, what ends soon; and who is told of it."""
