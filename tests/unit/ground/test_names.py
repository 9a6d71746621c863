"""How names are written, and which joiners they may hold."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ground.names import is_visible, spelled

NAMES = {
    "Persian": "علی\u200cرضا",
    "Sinhala": "ශ\u0dca\u200dරී ලාල්",
    "Sinhala, touching": "බ\u200d\u0dcaධ",
    "Hindi": "क\u094d\u200dष",
    "Hindi, kept apart": "क\u094d\u200cष",
    "Bengali": "র\u200d\u09cdযাচেল",
    "Malayalam, older": "അവന\u0d4d\u200d",
    "family": "👨\u200d👩\u200d👧\u200d👦",
    "skin": "👩🏽\u200d🚀",
    "heart": "❤\ufe0f\u200d🔥",
    "flag": "🏳\ufe0f\u200d🌈",
    "arrow": "🙂\u200d↔\ufe0f",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_joiners_that_belong_to_a_name_stay(name: str) -> None:
    assert is_visible(name)
    assert spelled(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("ad\u200cmin", "ad\u200dmin", "а\u200cд", "中\u200d文", "1\u200d2"),
        *("\u200c", "\u200d", "\u200dAda", "Ada\u200d", "Ada \u200c", "علی\u200c", "\u200cعلی"),
        *("A\u202eda", "A\u2066da", "\u200fعلی", "A\u200bda", "A\xadda", "\ufeffAda", "\u2028"),
        *(
            "👩\u200d",
            "\u200d💻",
            "👩\u200dA",
            "\U000f0000\u200d",
            "\ud800\u200c",
            "م\u200c\u200cر",
        ),
    ],
)
def test_what_nobody_sees_is_not_visible(name: str) -> None:
    assert not is_visible(spelled(name))


def test_name_is_composed() -> None:
    assert spelled("Zoe\u0308 Mu\u0308ller") == "Zo\u00eb M\u00fcller"
    assert spelled("\u1100\u1161") == "\uac00"
    assert spelled("\u212b") == "\u00c5"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("محمد\u200cرضا", "محمدرضا"),
        ("امیر\u200cحسین", "امیرحسین"),
        ("محمد\u064f\u200cرضا", "محمد\u064fرضا"),
        ("\u0627\u200c\u0653ر", "\u0622ر"),
    ],
)
def test_joiner_behind_a_letter_that_never_joins_is_left_out(typed: str, meant: str) -> None:
    assert spelled(typed) == meant


@given(
    st.text(
        st.sampled_from("aeZ\u0308\u0301\u00eb\u200c\u200dعلیرد\u064f\u0653क\u094d👩🏽\ufe0f💻")
    )
)
def test_spelling_is_the_same_for_all_equivalent_names(name: str) -> None:
    assert spelled(spelled(name)) == spelled(name)
    assert spelled(unicodedata.normalize("NFD", name)) == spelled(name)
    assert unicodedata.is_normalized("NFC", spelled(name))
