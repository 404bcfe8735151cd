"""Transfer learning, as a course teaches it: from a folder of pictures to a trained model."""
