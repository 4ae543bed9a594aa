"""Where few people come: which answers keep month, field, profile and point, and what that does to a wave."""
