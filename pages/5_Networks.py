"""Networks: does it happen in a real network?"""

import streamlit as st

from pages.shared.jobs import get_ready
from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.networks_controls import LOG, PARTS, SWEEP, TRAINING, ask_preset, keep_values
from pages.shared.networks_log import show_log
from pages.shared.networks_sweep import show_sweep
from pages.shared.networks_training import show_training
from pages.shared.trained import prepare


def main() -> None:
    """Draw the page."""
    set_page("Networks")
    st.title("Networks")
    st.write(
        "SAM steps by the slope of the loss at w⁺, a distance ρ uphill of the weights w. Where that slope vanishes, "
        "training stops, whatever the network has learned."
    )
    link = Link("Networks")
    link.choose("part", PARTS)
    part = st.segmented_control(
        "Part",
        list(PARTS),
        default=TRAINING,
        key="part",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    link.check("part", "part", str(part), f"one of {', '.join(PARTS)}")
    keep_values(str(part))
    if part == LOG:
        link.put()
        show_log(link)
    else:
        get_ready(prepare)
        (show_sweep if part == SWEEP else show_training)(link, ask_preset(link))


if __name__ == "__main__":
    main()
