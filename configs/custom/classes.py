# Your classes, in the order of "classes" in image_labels.json: the one file to edit.
own_classes = ('cat', 'dog')
