"""Where and when we ask: receiving points, waves, and the frame of dossiers that answers are weighted to."""
