"""Every error that the trainer raises for a person to read.

TrainerError
├── ConfigError         a setting is out of range or unknown
├── DatasetError        pictures, captions or a dataset manifest cannot be used
├── CacheError          a cached latent or text file is missing or damaged
├── ModelMismatchError  the connected model cannot be trained, or does not fit the data
├── DivergedError       the loss became NaN or infinite
├── StateError          a run folder or a saved state cannot be resumed
│   ├── NotFoundError   there is no run, checkpoint or file of that name
│   └── ConflictError   it is there, but not in a state in which that can be done
├── ExportError         a LoRA file cannot be read or written
└── SampleError         a sample could not be made

Each message is one plain sentence or a few: what is wrong (with the value), what was expected,
what to do.
"""


class TrainerError(Exception):
    """Base of all errors with a message meant for the user."""


class ConfigError(TrainerError):
    """A setting is out of range, contradictory or unknown."""


class DatasetError(TrainerError):
    """Pictures, captions or a dataset manifest cannot be used as they are."""


class CacheError(TrainerError):
    """A cached latent or text file is missing, damaged or does not belong to the dataset."""


class ModelMismatchError(TrainerError):
    """The connected model cannot be trained, or does not fit the data."""


class DivergedError(TrainerError):
    """The loss became NaN or infinite."""


class StateError(TrainerError):
    """A run folder or a saved training state cannot be used."""


class NotFoundError(StateError):
    """There is no run, checkpoint or file of that name."""


class ConflictError(StateError):
    """What was asked for cannot be done as things are now."""


class ExportError(TrainerError):
    """A LoRA file cannot be read, converted or written."""


class SampleError(TrainerError):
    """A sample (a preview or a comparison) could not be made."""
