"""The figures of the thesis: clusters, embeddings, response maps side by side, sweeps."""
