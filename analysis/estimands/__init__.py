"""What is estimated: numerator and denominator of every figure, and what an answer is worth."""
