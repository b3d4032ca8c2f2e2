"""A real ComfyUI: its server, its interface, its workflows."""
