"""Runs the code that `dcae diagnose` prints in the real Keras, and counts how many models learn with it.

usage: check_advice.py FOLDER OUT [NAME ...]      (needs: pip install tensorflow-cpu; ./dcae built by `make build`)

FOLDER and OUT are as for score.py, whose answers are used. Each Keras model that is faulty or unreliable is loaded with three random seeds, its automatic
names are counted on as in a notebook where other models were built before, the printed code is executed, and the model is trained for as many steps
as the diagnosed repair had, at least 500. It learns if its FVU on xt is under the mark of the diagnosis; with too few images, where the code can only help, it must be under that of the model as
given. Cases whose layers themselves change are
given as fixed.keras, which is trained on.
"""
import json, os, re, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"; os.environ["CUDA_VISIBLE_DEVICES"] = ""
import numpy as np
import score

STEPS, SEEDS = 500, 3

def counted_on(keras, model):
    """The same model with all automatic names counted on by 7: conv2d becomes conv2d_7."""
    text = json.dumps(model.get_config())
    names = set()
    def collect(m):
        for layer in m.layers:
            names.add((layer.name, type(layer).__name__))
            if isinstance(layer, keras.Model): collect(layer)
    collect(model)
    for name, kind in names:
        base = re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        m = re.fullmatch(r"(.+?)(?:_(\d+))?", name)
        if m and m.group(1).replace("_", "") == base.replace("_", "") and kind != "InputLayer":
            text = text.replace(f'"{name}"', f'"{m.group(1)}_{int(m.group(2) or 0) + 1007}"')
    text = re.sub(r'_1(\d\d\d)"', lambda m: f'_{int(m.group(1))}"', text)
    return type(model).from_config(json.loads(text))

def fvu(y, target, mean):
    return float(((y.reshape(target.shape) - target) ** 2).sum() / ((target - mean) ** 2).sum())

def learns(keras, case, folder, d, batch):
    fix, results = d["fix"], []
    for seed in range(1, SEEDS + 1):
        keras.utils.set_random_seed(seed)
        a = np.load(os.path.join(folder, case["data"]))
        shape = lambda v, like: v.reshape((len(v),) + tuple(like[1:])).astype("float32")
        # Keras 3 cannot compile what it reads from .h5 files with a loss by its short name; the printed code compiles anyway
        model = keras.models.load_model(os.path.join(folder, case["file"]), compile=not case["file"].endswith(".h5"))
        optimizer, loss = getattr(model, "optimizer", None), getattr(model, "loss", None)
        def part(x, y):
            names = {"x": shape(a[x], model.input_shape)}
            if y in a.files: names["y"] = shape(a[y], model.output_shape)
            if fix["data"]: exec(fix["data"], names)
            return names["x"], names.get("y", names["x"])
        (x, y), (xt, yt) = part("x", "y"), part("xt", "yt")
        names = {"model": counted_on(keras, model)}
        names["model"].compile(optimizer=type(optimizer).from_config(optimizer.get_config()) if optimizer else "adam", loss=loss or "mse")
        here = os.getcwd()
        os.chdir(d["folder"])
        try: exec(fix["keras"], names)
        finally: os.chdir(here)
        model = names["model"]
        steps = max(STEPS, 2 * fix.get("steps", 0))
        model.fit(x, y, batch_size=batch, epochs=max(1, -(-steps * batch // len(x))), verbose=0)
        out = model.predict(xt, verbose=0)
        if getattr(model.loss, "from_logits", False): out = 1 / (1 + np.exp(-out))
        results.append(fvu(out, yt.reshape(out.shape), y.reshape((len(y),) + out.shape[1:]).mean(0)))
    return results

def main():
    folder, out, *only = sys.argv[1:]
    import keras
    total = good = 0
    for name, case in score.cases(folder, only).items():
        case.setdefault("file", name + ".keras"); case.setdefault("data", name + ".npz")
        if case["verdict"] == "healthy" or not case["file"].endswith((".keras", ".h5")): continue
        d, error = score.answer(folder, out, name, case)
        if error:
            print(f"{name}: dcae: {error}", flush=True); total += 1; continue
        d["folder"] = os.path.join(out, name)
        if not d["fix"]:
            print(f"{name}: {d['verdict']} ({', '.join(c['cause'] for c in d['causes'][:1])}), no code", flush=True); continue
        if d["fix"].get("likely"): name += " (likely)"
        args = case.get("args") or []
        batch = d["fix"].get("batch") or (int(args[args.index("--batch") + 1]) if "--batch" in args else 32)
        mark = min(d["given"]["fvu"]) if d["fix"].get("narrows") else d["attainable"]["mark"]
        wanted = 2 if d["verdict"] == "unreliable" else 3
        total += 1
        try:
            results = learns(keras, case, folder, d, batch)
        except Exception as e:
            print(f"{name}: the code fails: {type(e).__name__}: {e}", flush=True); continue
        ok = sum(r < mark for r in results) >= wanted
        good += ok
        print(f"{name}: {'; '.join(d['fix']['changes'])}: FVU {' '.join(f'{r:.2f}' for r in results)}, mark {mark:.2f}: {'learns' if ok else 'DOES NOT LEARN'}", flush=True)
    print(f"{good} of {total} learn with the printed code")


if __name__ == "__main__": main()
