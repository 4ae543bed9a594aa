"""From a file of answers and its design to a table of estimates: what stands behind `sipas estimate`.

design_file   DESIGN.yaml, read with all its mistakes at once    (yaml_lines, totals)
answers       the file's columns as the statistics want them, each bad cell named
run           one pass, weights, estimates
writing       JSON, CSV, Excel, Parquet; `reading` is the table for a terminal
"""
