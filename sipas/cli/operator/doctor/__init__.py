"""`sipas doctor`: what is amiss with this installation, and what to do about it."""
