"""Networks: does it happen in a real network?"""

import streamlit as st

from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.networks_controls import ask_preset
from pages.shared.networks_sweep import show_sweep
from pages.shared.networks_training import show_training

PARTS = {"Training": show_training, "Sweep": show_sweep}


def main() -> None:
    """Draw the page."""
    set_page("Networks")
    st.title("Networks")
    st.write(
        "A network's loss is a landscape too, over its weights w. SAM looks a distance ρ along the gradient, to w⁺, "
        "and follows the gradient there: where that one vanishes, training stops, whatever the network has learned."
    )
    link = Link("Networks")
    part = st.segmented_control(
        "Part",
        list(PARTS),
        default="Training",
        key="part",
        bind="query-params",
        required=True,
        label_visibility="hidden",
    )
    link.check("part", "part", str(part), f"one of {', '.join(PARTS)}")
    PARTS[str(part)](link, ask_preset(link))


if __name__ == "__main__":
    main()
