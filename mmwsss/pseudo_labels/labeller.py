"""The pseudo-label of an image: load it, refine its scores, write the label."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mmengine.dist import is_main_process

from mmwsss.datasets import LabelFolder
from mmwsss.process_pool import ordered_map
from mmwsss.refinement.background import Background
from mmwsss.refinement.device_batches import DeviceBatches
from mmwsss.refinement.refiners import ConfidenceThresholds, Refiner, ScoredImage
from mmwsss.structures import CAMStore
from mmwsss.worker_processes import ImageError

from .images import TaggedImage, load_rgb, sort_by_size
from .processes import collect_failures
from .provenance import read_response
from .weight_folder import WeightFolder

_NONE_IGNORED = ConfidenceThresholds()


@dataclass(frozen=True)
class ImageLoader:
    """Loads an image with the scores of its classes and the background. Picklable, for a pool.

    Attributes:
        store (CAMStore): The response maps.
        background (Background): Computes the score of the background from the response maps.
        max_size (int, optional): Largest number of pixels on the long side at which an image is
            refined; its label has the size of the file. Defaults to None: the file's.
    """

    store: CAMStore
    background: Background
    max_size: int | None = None

    def __call__(self, tagged: TaggedImage) -> ScoredImage:
        """Load one image.

        Args:
            tagged (TaggedImage): The image.

        Returns:
            ScoredImage: The image, with scores at the size of the image.
        """
        image, size = load_rgb(tagged.img_path, self.max_size, tagged.image_bits)
        response, notes = read_response(self.store, tagged, size)
        height, width = image.shape[:2]
        scores = self.background.add(response.resized((height, width)).numpy())
        classes = response.classes.numpy()
        return ScoredImage(image, scores, classes, tagged.img_id, notes=notes, label_size=size)


@dataclass(frozen=True)
class LabelWriter:
    """Finishes the label of one image without an accelerator. Picklable, for a pool.

    Attributes:
        load (ImageLoader): Loads the image, unless a refiner on the accelerator had it first.
        folder (LabelFolder): Where the label goes.
        thresholds (ConfidenceThresholds): Pixels of a lower confidence are ignored. Defaults to 0.
        weights (WeightFolder, optional): Where the confidence goes.
        whole (LabelFolder, optional): Where the label with no pixel ignored goes.
        refiners (tuple[Refiner, ...]): The refiners that need no accelerator, in their order.
            Defaults to none.
    """

    load: ImageLoader
    folder: LabelFolder
    thresholds: ConfidenceThresholds = _NONE_IGNORED
    weights: WeightFolder | None = None
    whole: LabelFolder | None = None
    refiners: tuple[Refiner, ...] = ()

    def __call__(self, image: TaggedImage | ScoredImage) -> str:
        """Write the label of one image.

        Args:
            image (TaggedImage or ScoredImage): The image, loaded or not.

        Returns:
            str: The image's id.
        """
        scored = image if isinstance(image, ScoredImage) else self.load(image)
        for refiner in self.refiners:
            scored = refiner.refine(scored)
        if self.weights is not None:
            self.weights.write(scored)
        labels = scored.labels()
        if self.whole is not None:
            self.whole.write(scored.img_id, labels, scored.notes)
        sure = scored.without_unsure(labels, self.thresholds)
        self.folder.write(scored.img_id, sure, scored.notes)
        return scored.img_id

    def has_all(self, img_id: str, notes: Mapping[str, str]) -> bool:
        """Tell whether the other files that belong to a label are there, whole and up to date.

        Args:
            img_id (str): Id of the image.
            notes (Mapping[str, str]): The label's notes.

        Returns:
            bool: Whether all are.
        """
        has_weights = self.weights is None or self.weights.has(img_id, notes)
        return has_weights and (self.whole is None or self.whole.notes(img_id) == notes)


@dataclass
class PseudoLabeller:
    """Makes the pseudo-labels of many images.

    Refiners up to the last one on an accelerator run in the main process, batch by batch. The
    others run in a pool of processes.

    Attributes:
        refiner (Refiner): Refines the scores.
        write (LabelWriter): Loads the images and writes their labels; it needs no refiners yet.
        batch_size (int): Images that a refiner on the accelerator gets at once.
        workers (int): Processes of the pool; 0 works in this one.
    """

    refiner: Refiner
    write: LabelWriter
    batch_size: int = 1
    workers: int = 0

    def label(self, images: Sequence[TaggedImage]) -> list[ImageError]:
        """Write the labels of images.

        Args:
            images (Sequence[TaggedImage]): The images.

        Returns:
            list[ImageError]: The images that failed; all others are done.
        """
        steps = self.refiner.steps()
        split = max((index + 1 for index, step in enumerate(steps) if step.on_device), default=0)
        refined = DeviceBatches(
            self.write.load, sort_by_size(images) if split else [], steps[:split], self.batch_size
        )
        results = ordered_map(
            replace(self.write, refiners=tuple(steps[split:])),
            refined if split else images,
            workers=self.workers,
            name_of=lambda image: image.img_id,
            on_error='return',
            description='pseudo-labels',
            progress=is_main_process(),
        )
        failures = collect_failures(results)
        return refined.failures + failures
