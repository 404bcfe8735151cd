"""HTTP over the engine: the BentoML service, its routes, its settings."""
