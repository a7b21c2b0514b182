"""Runs `dcae diagnose` on the cases of a folder, and counts how often it is right.

usage: score.py FOLDER OUT [NAME ...]      (needs ./dcae, built by `make build`)

FOLDER holds expected.json (name -> {"verdict", "causes", "file", "data", "args"}; file and data default to NAME.keras and NAME.npz), models and arrays x, xt
(and y, yt). What is diagnosed stays in OUT/NAME; what this build of ./dcae has diagnosed there is not diagnosed again. The clock cuts nothing, so that a
busy machine gives the same answers.
"""
import json, os, subprocess, sys


def answer(folder, out, name, case):
    """The diagnosis of a case, or why there is none."""
    path = os.path.join(out, name, "diagnosis.json")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime("./dcae"):
        file, data = (os.path.join(folder, case.get(k, name + end)) for k, end in (("file", ".keras"), ("data", ".npz")))
        run = subprocess.run(["./dcae", "diagnose", file, "--data", data, "--scale", "none", "--quiet", "--patient", "--out", os.path.join(out, name), *(case.get("args") or [])], capture_output=True, text=True)
        if run.returncode != 0: return None, run.stderr.strip()
    with open(path) as f: return json.load(f), None


def cases(folder, only):
    with open(os.path.join(folder, "expected.json")) as f: return {name: case for name, case in json.load(f).items() if not only or name in only}


def right(d, case):
    if case["verdict"] == "healthy": return d["verdict"] == "healthy"
    return d["verdict"] in ("faulty", "unreliable") and any(c["cause"] in case["causes"] for c in d["causes"][:1])


def main():
    folder, out, *only = sys.argv[1:]
    good = total = 0
    for name, case in cases(folder, only).items():
        total += 1
        d, error = answer(folder, out, name, case)
        ok = not error and right(d, case)
        good += ok
        said = error or f"{d['verdict']} {' '.join(c['cause'] for c in d['causes'])}; {'; '.join(d['fix']['changes']) if d['fix'] else 'no code'}; {60 * d['used']:.0f} of 60 s"
        print(f"{'right' if ok else 'WRONG'} {name}, {case['verdict']} {' '.join(case['causes'])}: {said}", flush=True)
    print(f"{good} of {total} right")


if __name__ == "__main__": main()
