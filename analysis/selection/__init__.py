"""Self-selection: what the figures would be had those who stayed away thought otherwise, and how that is measured."""
