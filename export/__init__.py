"""From a Keras model to a bundle. The only room that imports TensorFlow."""
