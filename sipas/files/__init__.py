"""Files as SIPAS_HOME needs them: written whole, for their owner alone, overwritten where they lie, with room left."""
