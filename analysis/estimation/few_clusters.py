"""Below how many degrees of freedom a figure is to be reviewed; without SciPy, for those who show protected tables."""

FEW_DF = 8
