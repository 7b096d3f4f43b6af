"""Looks at the built functions: they start on Amazon Linux 2023, and are as small as they should be.

    python tests/emulators/artifacts.py BUILD
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

FUNCTIONS = ["NetPolCheckFunction", "PrivEscalationFunction", "TrustedRegCheckFunction"]

# The glibc of Amazon Linux 2023, on which provided.al2023 runs.
GLIBC = (2, 34)

# In bytes: the program, and the zip file that is uploaded. Measured: 8.8 and 3.5 MiB.
PROGRAM = 9 << 20
ZIPPED = 4 << 20


def main(build):
    for function in FUNCTIONS:
        bootstrap = build / function / "bootstrap"
        symbols = subprocess.run(["objdump", "-T", bootstrap], capture_output=True, text=True, check=True).stdout
        versions = {tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_([0-9.]+)", symbols)}
        assert versions, f"{function} is not linked against glibc"
        needed = max(versions)
        assert needed <= GLIBC, f"{function} needs glibc {needed}, and Amazon Linux 2023 has {GLIBC}"
        program, zipped = bootstrap.stat().st_size, size_of_zip(bootstrap)
        print(f"{function}: glibc {'.'.join(map(str, needed))}, {program >> 10} KiB, zipped {zipped >> 10} KiB")
        assert program <= PROGRAM and zipped <= ZIPPED, f"{function} is larger than {PROGRAM} or {ZIPPED} bytes"


def size_of_zip(path):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, path.name)
        return file.tell()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
