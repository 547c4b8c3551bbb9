#!/usr/bin/env python3
"""A table for the DIFF2 study of docs/privacy.md: 20,640 rows of 8 features, as many as California Housing has, with the
target of Friedman (1991), "Multivariate adaptive regression splines", equation 61:

    y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + N(0, 1),    x uniform on [0, 1]^8

(x6 to x8 say nothing). 80 % train.csv, 20 % test.csv; features and target are centred and scaled by the constants of the
law, not by the rows, so that nothing of them leaks. python3 friedman.py DIRECTORY"""

import math
import pathlib
import random
import sys

draw = random.Random(2023)
directory = pathlib.Path(sys.argv[1])
directory.mkdir(parents=True, exist_ok=True)
for name, rows in (("train.csv", 16512), ("test.csv", 4128)):
    lines = [",".join([f"x{i}" for i in range(1, 9)] + ["y"])]
    for _ in range(rows):
        x = [draw.random() for _ in range(8)]
        y = 10 * math.sin(math.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + draw.gauss(0, 1)
        lines.append(",".join(f"{v:.6f}" for v in [*((v - 0.5) * 12**0.5 for v in x), (y - 14.4) / 5]))
    (directory / name).write_text("\n".join(lines) + "\n")
