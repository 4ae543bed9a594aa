"""Small offices: predictions that borrow strength from similar ones."""
