"""What lies in the file: the questionnaire as columns, the frozen data set, the sampling design, changed boundaries."""
