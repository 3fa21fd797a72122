"""Compare the files with what was published: python -m figures.plotlyjs."""

import sys

from . import CHECKSUMS, checksum

wrong = [part for part, published in CHECKSUMS.items() if checksum(part) != published]
print("\n".join(f"{part} is not what was published" for part in wrong) or "both parts are what was published")
sys.exit(bool(wrong))
