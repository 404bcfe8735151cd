"""Random changes of the training pictures, as layers of the model.

They run in training only: predicting and exporting pass through them. Brightness and contrast are
told a range of values, and these are 0 to 1: so the levels are scaled to 0-1 first, and back to
0-255 after the last change, where the base's own preprocessing begins.
"""

import keras
from keras import layers

from export.finetune.settings import AugmentationSettings

_RANGE = (0, 1)


def augment(
    levels: keras.KerasTensor, settings: AugmentationSettings, seed: int
) -> keras.KerasTensor:
    """Levels 0-255 in, levels 0-255 out, (batch, height, width, 3) both."""
    if settings.is_off:
        return levels
    x = layers.Rescaling(1 / 255, name="to_unit_range")(levels)
    for layer in augmentation_layers(settings, seed):
        x = layer(x)
    return layers.Rescaling(255.0, name="to_levels")(x)


def augmentation_layers(settings: AugmentationSettings, seed: int) -> list[keras.Layer]:
    """The layers that are switched on, in the course's order."""
    chosen: list[keras.Layer] = []
    if settings.flip:
        chosen.append(layers.RandomFlip("horizontal", seed=seed))
    if settings.rotation:
        chosen.append(layers.RandomRotation(settings.rotation, seed=seed))
    if settings.translation:
        share = settings.translation
        chosen.append(layers.RandomTranslation(share, share, seed=seed))
    if settings.brightness:
        chosen.append(layers.RandomBrightness(settings.brightness, value_range=_RANGE, seed=seed))
    if settings.contrast:
        chosen.append(layers.RandomContrast(settings.contrast, value_range=_RANGE, seed=seed))
    return chosen
