"""What the README says that it is for is done in a test, and told in a chapter."""

import re

from .documents import DOCUMENTS
from .quality_evidence import USE_CASES


def test_each_use_case_is_proved() -> None:
    """Each item of *Who it is for*, in their order; that the proofs exist is tested too."""
    chapter = DOCUMENTS["README.md"].chapter("who-it-is-for").text
    items = re.findall(r"^- (.*)$", chapter, re.MULTILINE)
    assert len(items) == len(USE_CASES)
    for item, (case, proofs) in zip(items, USE_CASES.items(), strict=True):
        assert item.startswith(case)
        assert any("::" in proof for proof in proofs), case
        assert any("#" in proof for proof in proofs), case
