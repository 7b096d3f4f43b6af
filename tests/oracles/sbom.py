"""Checks a software bill of materials against the CycloneDX schema and against what cargo links.

    python tests/oracles/sbom.py TARGET target/sbom/*.cdx.json
"""

import json
import pathlib
import subprocess
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

FUNCTIONS = {"net-pol-check", "priv-escalation", "trusted-reg-check"}


def linked(function, target):
    """Name and version of every crate that cargo links into a function, itself left out."""
    command = ["cargo", "tree", "--locked", "--package", function, "--edges", "normal", "--target", target]
    tree = subprocess.run([*command, "--prefix", "none"], check=True, capture_output=True, text=True).stdout
    crates = {tuple(line.split()[:2]) for line in tree.splitlines() if line}
    return {(name, version.lstrip("v")) for name, version in crates if name != function}


def main(target, paths):
    seen = set()
    for path in paths:
        text = pathlib.Path(path).read_text()
        if error := JsonStrictValidator(SchemaVersion.V1_5).validate_str(text):
            sys.exit(f"{path}: {error}")
        bill = json.loads(text)
        function = bill["metadata"]["component"]["name"]
        components = {(one["name"], one["version"]): one for one in bill["components"]}
        if missing := linked(function, target) - components.keys():
            sys.exit(f"{path}: linked and not in the bill: {sorted(missing)}")
        for key in ("licenses", "purl"):
            if without := sorted(name for name, one in components.items() if not one.get(key)):
                sys.exit(f"{path}: without {key}: {without}")
        seen.add(function)
        print(f"{path}: {function} {bill['metadata']['component']['version']}, {len(components)} components")
    if seen != FUNCTIONS:
        sys.exit(f"bills of {sorted(seen)}, and not of {sorted(FUNCTIONS)}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
