"""Networks: does it happen in a real network?"""

import streamlit as st

from pages.shared.layout import set_page
from pages.shared.link import Link
from pages.shared.networks_controls import ask_preset
from pages.shared.networks_training import show_training

PARTS = {"Training": show_training}


def main() -> None:
    """Draw the page."""
    set_page("Networks")
    st.title("Networks")
    st.write(
        "A network's loss is a landscape too, over its weights w. SAM looks a distance ρ along the gradient, to w⁺, "
        "and follows the gradient there: where that one vanishes, training stops, whatever the network has learned."
    )
    link = Link("Networks")
    preset = ask_preset(link)
    show_training(link, preset)


if __name__ == "__main__":
    main()
