"""Converters of tools/dataset_converters: from published or own data to what datasets read."""
