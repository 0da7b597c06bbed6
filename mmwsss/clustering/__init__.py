"""Clustering of the images of each class by their features: pure functions on arrays.

scikit-learn is imported where it is used: it takes half a second, and most tools never cluster.
"""

from .agreement import Agreement, match_labels
from .clusterers import FINCH, Clusterer, KMeans, MiniBatchKMeans, SphericalKMeans
from .finch import first_neighbor_partitions
from .per_class import ClassClusters, assignment_table, cluster_classes
from .rows import FeatureRows

__all__ = [
    'FINCH',
    'Agreement',
    'ClassClusters',
    'Clusterer',
    'FeatureRows',
    'KMeans',
    'MiniBatchKMeans',
    'SphericalKMeans',
    'assignment_table',
    'cluster_classes',
    'first_neighbor_partitions',
    'match_labels',
]
