"""Attribution, one method a file: where in a picture, or in a layer, a target comes from."""
