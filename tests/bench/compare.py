"""Compares two outputs of `make bench`, row by row: BEFORE AFTER.

Every cell that holds a number is compared. Prints the ratio of each, and ends with 1 if one grew by more than a tenth.
"""

import re
import sys

NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")
MOST = 1.10


def figures(path):
    """The figures of the tables of a file, by row and column. What is in the column `Target` is no figure."""
    found, header = {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|"):
                header = []
            elif not header:
                header = cells
            elif not cells[0].startswith("---"):
                for column, cell in zip(header[1:], cells[1:]):
                    number = NUMBER.search(cell)
                    if number and column != "Target":
                        name = f"{cells[0]}: {column.lower()}" if column else cells[0]
                        found[name] = (float(number.group().replace(",", "")), cell)
    return found


def main(before, after):
    before, after = figures(before), figures(after)
    worse = 0
    print("| Figure | Before | After | Ratio |\n| --- | ---: | ---: | ---: |")
    for name, (new, shown) in after.items():
        if name not in before:
            print(f"| {name} | | {shown} | |")
            continue
        old, shown_before = before[name]
        ratio = new / old if old else (1.0 if new == old else float("inf"))
        grew = ratio > MOST
        worse += grew
        print(f"| {name} | {shown_before} | {shown} | {ratio:.2f}{' !' if grew else ''} |")
    for name in before.keys() - after.keys():
        print(f"| {name} | {before[name][1]} | not measured | |")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
