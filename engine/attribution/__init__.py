"""Attribution methods, one a file: from a target's gradient to where in the picture it comes from."""
