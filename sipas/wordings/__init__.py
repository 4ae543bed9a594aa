"""Official sentences put into a questionnaire by a file: a table to be filled in, read with every error in it, and made
into a new version that lies in SIPAS_HOME. What is asked, in which order and on which scale never changes here.
"""
