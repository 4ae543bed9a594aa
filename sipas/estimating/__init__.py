"""From a file of answers and its design to tables: what stands behind `sipas estimate` and its sisters.

design_file   DESIGN.yaml, read with all its mistakes at once    (yaml_lines, totals)
answers       the file's columns as the statistics want them, each bad cell named
survey, frame one pass and weights: what every command begins with
run           estimates; `comparing`, `ranking`, `series` the others
writing       CSV, Excel, Parquet; `reading` is the table for a terminal
"""
