"""Each module measures this project beside a peer in one run and prints ratios: python -m benchmarks.core."""
