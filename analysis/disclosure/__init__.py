"""Statistical disclosure control: what of a table may be released, and what an attacker could still infer."""
