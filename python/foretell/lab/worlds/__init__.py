"""Sources of data whose entropy is known exactly; each states it, and tests hold it against counting."""
