"""What every request and reply passes through: addresses, headers, languages, errors, limits. Flask begins here."""
