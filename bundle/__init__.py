"""The contract between export and serving: what a bundle is on disk."""
