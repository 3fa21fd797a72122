"""The peer that benchmarks/ui.py serves: a bare slider, a contour of Himmelblau's function, and the slider's value."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

rho = st.slider("rho", 0.0, 6.0, 2.0, 0.1)
axis = np.linspace(-6.0, 6.0, 121)
x, y = np.meshgrid(axis, axis)
st.plotly_chart(go.Figure(go.Contour(x=axis, y=axis, z=((x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2) / 100)))
st.text(f"rho = {rho}")
