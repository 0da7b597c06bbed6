# Mixup-CAM with (2.4) to the letter: distances in cells and λ_con = 2e-4. On the 56×56 cells of
# VOC's crops, concentration pulls 16 times as hard as in ../mixup_cam.py (docs/methods.md).
_base_ = '../mixup_cam.py'
model = dict(head=dict(regularizers=dict(loss_con=dict(coordinates='cells', loss_weight=2e-4))))
