# Both chapters in one; the thesis has no figures of it.
_base_ = './subcategory_cam.py'
work_dir = 'work_dirs/pipelines/mixup_subcategory_cam'
configs = dict(classifier='configs/mixup_subcategory_cam.py')
stages = {
    name: dict(reference=None) for name in ('cams', 'cams_val', 'walk', 'walk_val', 'test')
}  # fmt: skip
