"""Writes ../signatures.txt: the signatures, as PyTorch gives them, of all operations that ../*.go translates.

usage: make_signatures.py
"""
import pathlib
import re

import torch

package = pathlib.Path(__file__).resolve().parent.parent
sources = "\n".join(p.read_text() for p in package.glob("*.go") if not p.name.endswith("_test.go"))
tables = re.findall(r"= map\[string\]translation\{(.*?)\n\}|= map\[string\]translation\{(.*)\}", sources, re.S)
names = sorted(set(re.findall(r'"([A-Za-z0-9_]+)":', "\n".join(a or b for a, b in tables))))
lines = []
for name in sorted(names + [n + "_" for n in names]):
    packet = getattr(torch.ops.aten, name, None)
    if packet is None:
        if not name.endswith("_"):
            print("PyTorch has no", name)
        continue
    for overload in packet.overloads():
        schema = getattr(packet, overload)._schema
        text = str(schema).removeprefix("aten::")
        if not any(a.is_out for a in schema.arguments) and "Dimname" not in text and "..." not in text and any("Tensor" in str(a.type) for a in list(schema.arguments) + list(schema.returns)):
            lines.append(f"{name}.{overload}({text.split('(', 1)[1]}")
(package / "signatures.txt").write_text("\n".join(lines) + "\n")
