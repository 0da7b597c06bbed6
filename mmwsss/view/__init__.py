"""The local page on which a person looks at and corrects the results of `mmwsss masks`."""
