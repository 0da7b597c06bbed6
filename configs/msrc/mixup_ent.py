# The row of Table 2.1 of this name, on msrc_objects.
_base_ = './mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_con=None)))
