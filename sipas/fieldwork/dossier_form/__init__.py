"""The offices' own table of dossiers, form II.06a/VPCP/KSTT: its heads, its period, its rows, and what it is taken for.

The form reports, for each field, how many dossiers came in, how many were resolved and how many are in process. The
resolved ones are the population; every other column only proves that the row was read rightly.
"""
