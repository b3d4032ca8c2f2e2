"""Reading and mending the words of a caption."""
