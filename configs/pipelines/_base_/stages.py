# The way of the thesis (2.3.3, 3.3.3), for pipelines to inherit; docs/pipeline.md explains the
# settings. A dataset adds its splits, a method the files of its configs.
seed = 0
configs = dict(classifier='', affinitynet='', segmentor='')
random_walk = dict(_delete_=True, type='RandomWalkRefiner', beta=8, t=8)
stages = dict(
    classifier=dict(tool='train', config='classifier', title='classifier'),
    # Response maps of the pictures that the segmentor learns from, and of those it is measured on.
    cams=dict(
        tool='test',
        config='classifier',
        title='CAM, train',
        checkpoint='classifier',
        cfg_options=dict(test_evaluator=dict(classwise=True)),
    ),
    cams_val=dict(
        tool='test',
        config='classifier',
        title='CAM, val',
        checkpoint='classifier',
        cfg_options=dict(test_evaluator=dict(classwise=True)),
    ),
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
    walk=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='CAM + random walk, train',
        checkpoint='affinitynet',
        inputs={'pseudo_labels.cam_store': 'cams'},
        cfg_options=dict(pseudo_labels=dict(refiner=random_walk)),
    ),
    walk_val=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='CAM + random walk, val',
        checkpoint='affinitynet',
        inputs={'pseudo_labels.cam_store': 'cams_val'},
        cfg_options=dict(pseudo_labels=dict(refiner=random_walk)),
    ),
    pseudo_labels=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='pseudo-labels, train',
        checkpoint='affinitynet',
        inputs={'pseudo_labels.cam_store': 'cams'},
    ),
    pseudo_labels_val=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='pseudo-labels, val',
        checkpoint='affinitynet',
        inputs={'pseudo_labels.cam_store': 'cams_val'},
    ),
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
    pictures=12,
)
