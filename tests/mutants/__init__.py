"""Mutation testing of the folders whose figures and promises people rely on: `make test-mutants`.

Judged in November 2026 and not taken: mutmut (leaves out decorated functions and constants of modules, numbers its
mutants, draws no sample), cosmic-ray (the whole test command for each mutant), pytest-gremlins (alpha, a new process
and five operators), mutatest (not kept since 2022). coverage.py says which test runs which line.
"""
