"""Who says so, the body in charge, the gender, the work and the towns of a sentence, as worded."""

from typing import Any

import pytest

from orchestration.extraction.attributes import find_sectors, read_attributes
from orchestration.extraction.counts import find_counts
from orchestration.extraction.places import find_places
from orchestration.extraction.text import tokenize
from tests.case_files import load_cases


def read(text: str, key: str) -> Any:
    """What the look-up that a key names finds in a text."""
    attribution, agency = read_attributes(text, 0, len(text))
    if key == "gender":
        return find_counts(text, 0, len(text))[0].head.gender
    if key == "sectors":
        return sorted({mention.code for mention in find_sectors(tokenize(text, 0, len(text)))})
    if key == "location":
        return [place.name for place in find_places(text, 0, len(text)) if place.kind == "city"]
    return {"attribution": attribution, "agency": agency}[key]


@pytest.mark.parametrize("case", load_cases("attributes"), ids=lambda case: case["text"])
def test_attributes(case: dict[str, Any]) -> None:
    wanted = {key: value for key, value in case.items() if key != "text"}
    assert wanted == {key: read(case["text"], key) for key in wanted}


@pytest.mark.parametrize("piece", ["he said, ", "by X's count ", "according to ", "who, ", "said ", "’s "])
def test_a_text_of_half_attributions_is_read_in_one_pass(piece: str) -> None:
    text = piece * 400
    read_attributes(text, 0, len(text))
