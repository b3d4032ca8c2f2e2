"""Everything that knows ComfyUI's insides: a new ComfyUI release is mended here alone."""
