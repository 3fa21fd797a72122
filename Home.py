"""Home page."""

import streamlit as st


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="SAM Landscapes")
    st.title("SAM Landscapes")
    st.write("See where SAM stalls, and why.")


if __name__ == "__main__":
    main()
