"""How sure a figure is: ultimate clusters, linearisation after calibration, the jackknife."""
