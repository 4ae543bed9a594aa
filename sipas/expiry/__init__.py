"""What ends because of a date: whether the date may be believed, and what may then be destroyed."""
