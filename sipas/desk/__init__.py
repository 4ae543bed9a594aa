"""The desk: officers with accounts and roles see how far a wave is, how the kiosks' screens are, and what awaits
release; approve drafts, issue invitation codes, enrol and revoke screens. Waves are opened and frozen by command."""
