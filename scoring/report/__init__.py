"""What a job answered: counts, confidence, errors, and accuracy where the classes are known."""
