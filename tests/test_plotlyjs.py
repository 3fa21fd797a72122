"""The plotly.js that is served is the published one, of the version that the Python package draws for."""

import pytest
from plotly.offline import get_plotlyjs_version

from figures.plotlyjs import CARTESIAN, CHECKSUMS, SURFACES, VERSION, checksum, part_for, source


@pytest.mark.parametrize("part", CHECKSUMS)
def test_a_part_is_what_was_published(part: str) -> None:
    assert checksum(part) == CHECKSUMS[part], f"{part} was changed: take it from the npm package again"
    assert f"v{VERSION}".encode() in source(part)[:200]
    assert b"</script" not in source(part)  # it stands within a page


def test_the_version_is_that_of_the_installed_package() -> None:
    assert get_plotlyjs_version() == VERSION, "plotly was upgraded: take the parts of its version of plotly.js"


def test_surfaces_need_their_own_part() -> None:
    assert part_for([{"type": "scatter"}, {"type": "contour"}, {}]) == CARTESIAN
    assert part_for([{"type": "scatter3d"}, {"type": "surface"}]) == SURFACES
