"""Two jobs over the same pictures: where their answers differ."""
