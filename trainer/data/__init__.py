"""From pictures to batches: media, crops, captions, dataset, caches."""
