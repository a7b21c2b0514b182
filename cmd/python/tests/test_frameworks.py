import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import dcae

x = np.random.default_rng(1).random((40, 8, 8, 1)).astype(np.float32)
SOURCE = str(Path(__file__).parents[1] / "src")


def test_importing_imports_no_framework():
    code = f"import sys; sys.path.insert(0, {SOURCE!r}); import dcae\nassert not {{'torch', 'keras', 'tensorflow', 'pandas', 'IPython'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def keras_model(save, **attributes):
    """As a model of Keras 3 looks from outside."""
    model = type("Model", (), {"__module__": "keras.src.models.model", "save": save})
    functional = type("Functional", (model,), {"__module__": "keras.src.models.functional"})()
    vars(functional).update({"built": True, "name": "ae", "input_shape": (None, 8, 8, 1)} | attributes)
    return functional


def test_a_keras_model_is_saved_and_handed_over(fake):
    fake("assert open(args[1]).read() == 'weights' and args[1].endswith('.keras')\nprint(ANSWER)")
    d = dcae.diagnose(keras_model(lambda self, path: Path(path).write_text("weights")), x)
    assert d.verdict == "faulty"


def test_a_keras_model_that_cannot_be_saved(fake):
    def fails(self, path):
        raise NotImplementedError("get_config")

    with pytest.raises(dcae.Error, match="cannot save the model ae: NotImplementedError: get_config"):
        dcae.diagnose(keras_model(fails), x)
    with pytest.raises(dcae.Error, match="not built"):
        dcae.diagnose(keras_model(fails, built=False), x)


def test_a_model_that_is_not_built_or_has_several_inputs(fake):
    with pytest.raises(dcae.Error, match=r"not built.*model.build\(\(None, 8, 8, 1\)\)"):
        dcae.diagnose(keras_model(None, built=False), x)
    with pytest.raises(dcae.Error, match="ae has 2 inputs \\(left, right\\)"):
        dcae.diagnose(keras_model(None, inputs=[types.SimpleNamespace(name="left"), types.SimpleNamespace(name="right")]), x)


def test_a_training_step_of_ones_own_is_told(fake):
    def of_keras(self):
        pass

    of_keras.__module__ = "keras.src.trainers.trainer"
    model = type("Model", (), {"__module__": "keras.src.models.model", "train_step": of_keras, "compute_loss": of_keras, "name": "vae", "built": True})
    for name in ("train_step", "compute_loss"):
        own = type("VAE", (model,), {name: lambda self: None})
        with pytest.raises(dcae.Error, match=f"vae is of the class VAE, which has a {name} of its own"):
            dcae.diagnose(own(), x)


def test_a_repaired_model_without_keras_says_so(fake, tmp_path, monkeypatch):
    fake("print(ANSWER.replace('\"model\": \"\"', '\"model\": \"fixed.keras\"'))")
    d = dcae.diagnose("sigmoid", x)
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(dcae.Error, match="Keras is not installed"):
        d.fixed_model()
    with pytest.raises(dcae.Error, match="one of Keras"):
        d.fixed_state_dict()


def test_recorders_without_their_framework_say_so(monkeypatch):
    import importlib

    for name in ("keras", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.delitem(sys.modules, f"dcae.{name}", raising=False)
        with pytest.raises(ImportError, match=f"{name}.*not installed"):
            importlib.import_module(f"dcae.{name}")
        with pytest.raises(ImportError, match="not installed"):
            getattr(dcae, name)


def test_progress_in_a_notebook(fake, monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=lambda html: shown.append(html))
    display = types.ModuleType("IPython.display")
    display.HTML, display.display = str, lambda html, display_id: (shown.append(html), handle)[1]
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    fake("print('{\"event\": \"progress\", \"text\": \"[ 3%] a < b\"}', file=sys.stderr, flush=True)\nprint(ANSWER)")
    dcae.diagnose("sigmoid", x)
    assert shown == ["<code>[ 3%] a &lt; b</code>", "<code>diagnosed</code>"]
    shown.clear()
    dcae.diagnose("sigmoid", x, progress=False)
    assert shown == []
