"""Logic of tools/dataset_converters: from what people download or own to what datasets read."""
