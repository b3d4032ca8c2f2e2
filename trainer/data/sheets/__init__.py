"""Pictures of pictures: thumbnails, contact sheets, comparisons."""
