"""The whole way from image-level labels to a segmentor, stage by stage."""
