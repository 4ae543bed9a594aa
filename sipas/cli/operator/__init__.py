"""The operator's commands: one file per group; each command does one thing and says what it did."""
