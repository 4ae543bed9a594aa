"""From a closed wave to a release: freeze, estimate, protect, review, publish."""
