"""Where settings come from: the file in the home, the environment over it; and what a running server goes by."""
