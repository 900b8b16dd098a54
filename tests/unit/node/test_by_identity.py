"""Values kept by identity: equal objects are two, and no object's place is taken by another."""

from __future__ import annotations

from compiler.node.by_identity import ByIdentity


def test_equal_objects_have_values_of_their_own() -> None:
    lengths = ByIdentity[str]()
    one, other = [1], [1]
    assert lengths.once(one, lambda: "first") == "first"
    assert lengths.once(other, lambda: "second") == "second"
    assert lengths.once(one, lambda: "third") == "first"


def test_a_value_depends_on_what_is_beside_the_object() -> None:
    made = ByIdentity[str]()
    one = [1]
    assert [made.once(one, lambda word=word: word, word) for word in ("a", "b", "a")] == ["a", "b", "a"]
    assert made.get(one) is None


def test_an_object_that_nobody_else_holds_keeps_its_identity() -> None:
    made = ByIdentity[int]()
    for number in range(1000):
        made.keep([number], number)
    assert all(made.once([number], lambda: -1) == -1 for number in range(1000))
