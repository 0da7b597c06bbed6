# Plain CAM on msrc_objects with each refiner alone, and the segmentor beside one that is trained on
# the true masks: docs/results.md.
_base_ = './pipeline_cam_msrc.py'
work_dir = 'work_dirs/pipeline_cam-refinement_msrc'
_crf = dict(refiner=dict(_delete_=True, type='CRFRefiner', settings='irn'), ignore_below=0.0)
_val_images = dict(ann_file='ImageSets/Segmentation/val.txt')
stages = dict(
    crf=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='CAM + CRF, train',
        inputs={'pseudo_labels.cam_store': 'cams'},
        cfg_options=dict(pseudo_labels=_crf),
    ),
    crf_val=dict(
        tool='pseudo_labels',
        config='affinitynet',
        title='CAM + CRF, val',
        inputs={'pseudo_labels.cam_store': 'cams_val'},
        cfg_options=dict(pseudo_labels=_crf, label_dataset=_val_images),
    ),
    refined=dict(
        tool='pseudo_labels',
        config='affinitynet',
        checkpoint='affinitynet',
        title='CAM + random walk + CRF, train',
        inputs={'pseudo_labels.cam_store': 'cams'},
        cfg_options=dict(pseudo_labels=dict(ignore_below=0.0)),
    ),
    ceiling=dict(
        tool='train',
        config='segmentor',
        title='segmentor from true masks',
        cfg_options=dict(
            train_dataloader=dict(dataset=dict(label_dir='data/msrc_objects/SegmentationClass'))
        ),
    ),
    ceiling_test=dict(
        tool='test',
        config='segmentor',
        title='segmentor from true masks, val',
        checkpoint='ceiling',
    ),
)
