"""How good the questionnaire and its answers are: reliability of scales, non-response, key drivers."""
