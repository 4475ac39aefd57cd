"""Errors go from process to process."""

from __future__ import annotations

from copy import copy

from ediscovery.model.errors import EvidenceError, TryAgain


def test_errors_arrive_whole_in_another_process() -> None:
    ours = copy(TryAgain("The disk is full.", "Free some."))
    assert (ours.message, ours.next_step) == ("The disk is full.", "Free some.")
    evidence = copy(EvidenceError("corrupt", "It ends too early."))  # as pickle makes it
    assert (evidence.state, evidence.message) == ("corrupt", "It ends too early.")
    assert str(evidence) == "It ends too early."
