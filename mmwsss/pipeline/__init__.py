"""The way from images to masks, stage by stage: what runs, what is kept, what is reported."""
