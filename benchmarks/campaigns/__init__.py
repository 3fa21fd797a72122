"""Random questions by the thousand, each answered twice: python -m benchmarks.campaigns.verdicts 0, `make campaign`.

A campaign takes minutes, so that `make bench` leaves it out; a few dozen of its questions are among the tests.
"""
