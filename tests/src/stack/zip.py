"""Adds a file to zip files, and makes those that are not there: zip.py NAME SOURCE MODE ZIP..."""
import sys
import zipfile

name, source, mode, *targets = sys.argv[1:]
with open(source, "rb") as file:
    content = file.read()
# Without the time of day: the same content is the same file.
entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
entry.external_attr = int(mode, 8) << 16
for target in targets:
    with zipfile.ZipFile(target, "a") as package:
        package.writestr(entry, content, zipfile.ZIP_DEFLATED, compresslevel=1)
