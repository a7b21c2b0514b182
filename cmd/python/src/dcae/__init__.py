"""Why does an autoencoder not learn? Asks the program ``dcae``, which this package carries, about models and arrays of a notebook.

    import dcae

    d = dcae.diagnose(model, x)          # a compiled Keras model, a file of one, or a PyTorch module with optimizer= and loss=
    d.verdict, d.causes, d.fix.code      # in a notebook ``d`` shows itself as a page
    model = d.fixed_model()              # the repaired model, trained

    r = dcae.run("failure-modes")        # a study: faulty and mended variants side by side
    dcae.data(x)                         # what is odd about images

``dcae.keras.Recorder`` and ``dcae.torch.Recorder`` record a training loop of one's own. Importing this package imports no framework.
"""

import importlib
from typing import Any

from ._data import Data, DataWarning, data
from ._diagnose import Cause, Diagnosis, Fix, diagnose
from ._program import Error, program, version
from ._study import Study, run

__all__ = ["Cause", "Data", "DataWarning", "Diagnosis", "Error", "Fix", "Study", "data", "diagnose", "program", "run", "version"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Imports ``dcae.keras`` and ``dcae.torch`` when they are first asked for: each imports its framework."""
    if name in ("keras", "torch"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
