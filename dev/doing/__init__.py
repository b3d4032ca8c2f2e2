"""What tasks.py does once everything is installed."""
