"""Which versions are to be served."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.versions.selection import Selection, select

NUMBERS = st.integers(1, 5)
LABELS = st.dictionaries(st.sampled_from(["default", "stable", "canary"]), NUMBERS)


@pytest.mark.parametrize(
    ("published", "aliases", "broken", "default"),
    [
        ([1, 2, 3], {}, [], 3),
        ([1, 2, 3], {}, [3], 2),
        ([1, 2, 3], {"default": 1}, [], 1),
        ([1, 2, 3], {"stable": 1}, [], 3),
        ([1, 2, 3, 4], {"default": 3}, [3], 2),
        ([2, 3], {"default": 2}, [2], 3),
        ([1, 2], {"default": 9}, [9], 2),
        ([1, 2], {}, [1, 2], None),
        ([], {"default": 2}, [], None),
    ],
)
def test_the_default_is_what_was_asked_or_the_highest_that_opens(
    published: list[int], aliases: dict[str, int], broken: list[int], default: int | None
) -> None:
    found = select(published, aliases, Selection(), lambda version: version not in broken)
    assert found.default == default


def test_a_default_that_fails_leaves_the_one_of_before() -> None:
    before = Selection(2)
    assert select([1, 2, 3], {"default": 3}, before, lambda version: version != 3).default == 2
    assert select([1, 2, 3], {"default": 1}, before, lambda version: version != 1).default == 2


def test_a_label_whose_version_fails_finds_the_one_of_before_or_none() -> None:
    before = Selection(3, {"canary": 2})
    aliases = {"canary": 4, "stable": 4}
    found = select([1, 2, 3, 4], aliases, before, lambda version: version != 4)
    assert found == Selection(3, {"canary": 2})
    assert found.versions == [2, 3]


def test_versions_that_nobody_asks_for_are_not_tried() -> None:
    tried: list[int] = []

    def usable(version: int) -> bool:
        tried.append(version)
        return True

    select([1, 2, 3, 4, 5], {"default": 4, "stable": 2}, Selection(5), usable)
    assert sorted(set(tried)) == [2, 4]


@given(
    published=st.lists(NUMBERS, unique=True).map(sorted),
    aliases=LABELS,
    broken=st.sets(NUMBERS),
    before=st.builds(Selection, NUMBERS | st.none(), LABELS),
)
def test_nothing_unusable_is_ever_served_and_something_is_if_it_can_be(
    published: list[int], aliases: dict[str, int], broken: set[int], before: Selection
) -> None:
    found = select(published, aliases, before, lambda version: version not in broken)
    assert not broken.intersection(found.versions)
    if set(published) - broken:
        assert found.default is not None
    if not published:
        assert found == Selection()
    asked = aliases.get("default")
    if published and asked is not None and asked not in broken:
        assert found.default == asked
