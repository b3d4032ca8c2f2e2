"""Development tools behind `tasks.py`: set-up, a real ComfyUI server, its client, the demo run.

Standard library only, so that everything here runs before anything is installed.
"""
