# CAM with bounded responses, 10 · tanh(map / 10), on VOC-8.
_base_ = './cam_efficientnet-lite0_voc8.py'
model = dict(head=dict(max_response=10.0))
