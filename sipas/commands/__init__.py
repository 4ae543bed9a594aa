"""One file per group of commands; each command does one deed and says what it did."""
