"""A project of any number of pictures, and the processes that train on it."""
