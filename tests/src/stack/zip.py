"""Packs a function as Lambda wants it: zip.py ZIP PROGRAM SETTINGS"""
import sys
import zipfile

target, program, settings = sys.argv[1:]
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
    for name, source, mode in [("bootstrap", program, 0o755), ("postern.toml", settings, 0o644)]:
        # Without the time of day: the same content is the same file.
        entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
        entry.external_attr = mode << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        with open(source, "rb") as content:
            package.writestr(entry, content.read(), compresslevel=1)
