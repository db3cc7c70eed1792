"""Compresses packages of functions again, as far as their format can. cargo-lambda compresses them fast.

Usage: compress.py FUNCTION/bootstrap.zip ...
"""

import os
import sys
import zipfile


def compress(path: str) -> None:
    smaller = f"{path}.smaller"
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(smaller, "w") as target:
        for entry in package.infolist():
            target.writestr(entry, package.read(entry), zipfile.ZIP_DEFLATED, 9)
    os.replace(smaller, path)


for path in sys.argv[1:]:
    compress(path)
