# VOC-8, eight classes of PASCAL VOC 2012 and SBD: 1,200 images to train, 300 to measure; masks only
# measure. tools/dataset_converters/voc12.py --subset voc8 makes it.
# To measure on the training images: --cfg-options
#   test_dataloader.dataset.ann_file=ImageSets/Segmentation/train.txt
_base_ = './msrc_objects.py'
data_root = 'data/voc8/'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
