# The stages of the thesis (2.3.3, 3.3.3), which pipelines inherit; docs/pipeline.md explains the
# settings. A dataset adds its splits, a method its configs.
seed = 0
configs = dict(classifier='', affinitynet='', segmentor='')
random_walk = dict(_delete_=True, type='RandomWalkRefiner', beta=8, t=8)
_cams = dict(
    tool='test',
    config='classifier',
    checkpoint='classifier',
    cfg_options=dict(test_evaluator=dict(classwise=True)),
)
_labels = dict(tool='pseudo_labels', config='affinitynet', checkpoint='affinitynet')
_walk = dict(**_labels, cfg_options=dict(pseudo_labels=dict(refiner=random_walk, ignore_below=0.0)))
_train, _val = ({'pseudo_labels.cam_store': store} for store in ('cams', 'cams_val'))
stages = dict(
    classifier=dict(tool='train', config='classifier', title='classifier'),
    # Response maps of the images that the segmentor learns from, and of those it is measured on.
    cams=dict(**_cams, title='CAM, train'),
    cams_val=dict(**_cams, title='CAM, val'),
    cams_train=None,  # where cams are of more images than the thesis measures on
    affinity_labels=dict(
        tool='affinity_labels',
        config='affinitynet',
        title='affinity labels, train',
        inputs={'affinity_labels.cam_store': 'cams'},
    ),
    affinitynet=dict(
        tool='train',
        config='affinitynet',
        title='AffinityNet',
        inputs={
            'train_dataloader.dataset.affinity_dir': 'affinity_labels',
            'load_from': 'classifier',
        },
    ),
    # CAM + RW of Tables 2.1 and 3.1: without CRF.
    walk=dict(**_walk, title='CAM + random walk, train', inputs=_train),
    walk_val=dict(**_walk, title='CAM + random walk, val', inputs=_val),
    pseudo_labels=dict(**_labels, title='pseudo-labels, train', inputs=_train),
    pseudo_labels_val=dict(**_labels, title='pseudo-labels, val', inputs=_val),
    segmentor=dict(
        tool='train',
        config='segmentor',
        title='segmentor',
        inputs={'train_dataloader.dataset.label_dir': 'pseudo_labels'},
    ),
    test=dict(tool='test', config='segmentor', title='segmentor, val', checkpoint='segmentor'),
)
report = dict(
    title='From image-level labels to masks',
    columns={
        'CAM': 'cams_val',
        'random walk': 'walk_val',
        'pseudo-label': 'pseudo_labels_val',
        'prediction': 'test',
    },
    bars=['cams_val', 'pseudo_labels_val', 'test'],
    images=12,
)
