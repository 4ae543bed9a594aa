"""From a file of answers and its design to tables: what stands behind the analyst's commands.

design_file   DESIGN.yaml, read with all its mistakes at once    (yaml_values, totals)
answers       the file's columns as the statistics want them, each bad cell named    (columns, explaining)
survey        one pass and weights: what every command begins with    (frame: dossiers beside a snapshot)
waves         several files, read as a panel or as independent samples
run           `sipas estimate`: estimates
comparing     `sipas compare`: differences, judged together
ranking       `sipas rank`: standings, and ranks as what they may be
series        `sipas trend`: waves, changes, breaks
questionnaire `sipas quality`: how the questions were answered
improving     `sipas improve`: importance beside performance
small         `sipas small-areas`: predictions beside direct estimates
planning      `sipas sample`: the next wave
writing       CSV, Excel, Parquet; `reading` is the table for a terminal
"""
