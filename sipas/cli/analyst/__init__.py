"""The analyst's commands: files of answers in, figures with intervals out. They need no server and no database."""
