"""What a document says is checked against a type, and all that is wrong is told at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field

from butler.errors import ConfigError, InvalidNameError
from butler.strict import ONE_OR_MORE, After, Before, Chosen, Document, parse_yaml, read


def _even(number: int, _where: str) -> int:
    if number % 2:
        raise ConfigError(f"{number} is odd", hint="Add one.")
    return number


def _named(name: str, _where: str) -> str:
    if "/" in name:
        raise InvalidNameError(f"{name!r} holds a slash")
    return name


class Leg(Struct, frozen=True):
    """A leg.

    Parameters
    ----------
    length : `float`
        In metres.
    knees : `int`
        How many.
    """

    length: Annotated[float, Meta(ge=0)]
    knees: Annotated[int, After(_even)] = 2

    def __post_init__(self) -> None:
        if self.knees > self.length:
            raise ConfigError("are too many", details={"at": ("knees",)})


class Wheel(Struct, frozen=True):
    """A wheel."""

    radius: float


def _kind(value: Any, path: tuple[str | int, ...], whole: Any) -> Any:
    return Wheel if whole.get("rolls") else Leg


class Chair(Struct, frozen=True):
    """A chair."""

    legs: Annotated[tuple[Leg, ...], Meta(min_length=1)]
    name: Annotated[str, After(_named)] = "seat"
    label: str = field(name="called", default="")
    colour: Literal["red", "green"] = "red"
    words: Annotated[tuple[str, ...], ONE_OR_MORE] = ()
    size: tuple[float, float] | None = None
    rolls: bool = False
    spare: dict[str, Annotated[Any, Chosen(_kind)]] = {}
    price: Annotated[int, Before(lambda text: int(str(text).removesuffix("€")))] | None = None
    back: Leg | str | None = None


LEGS: dict[Any, Any] = {"legs": [{"length": 3}]}


def test_what_is_right_becomes_a_value_of_the_type() -> None:
    chair = read(
        Document(
            {
                "legs": [{"length": 3}, {"length": 4, "knees": 4}],
                "called": "throne",
                "words": "one",
                "size": [1, 2],
                "spare": {"a": {"length": 9}},
                "price": "30€",
                "back": {"length": 2},
            },
            "chair",
        ),
        Chair,
    )
    assert chair == Chair(
        (Leg(3.0), Leg(4.0, 4)),
        label="throne",
        words=("one",),
        size=(1.0, 2.0),
        spare={"a": Leg(9.0)},
        price=30,
        back=Leg(2.0),
    )
    assert read(Document({**LEGS, "back": "high", "spare": {"a": {"radius": 1}}, "rolls": True}, ""), Chair)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], r"^chair: is a list, not a table"),
        (None, r"^chair: is empty, not a table"),
        ({}, r"^chair: lacks legs"),
        ({"legs": [{}]}, r"^chair: legs\[0\]: lacks length\s+Give length: In metres\."),
        ({"legs": []}, r"^chair: legs: is empty"),
        ({"legs": {"a": 1}}, r"^chair: legs: is a table, not a list"),
        ({**LEGS, "colur": "red"}, r"^chair: colur: isn't a key known here\s+Did you mean 'colour'\?"),
        ({**LEGS, "label": "x"}, r"^chair: label: isn't a key known here"),
        ({**LEGS, 3: "x"}, r"^chair: 3: isn't a key known here"),
        ({**LEGS, "colour": "blue"}, r"^chair: colour: is 'blue'\s+It may be red, green\."),
        ({**LEGS, "colour": ["red"]}, r"^chair: colour: is a list\s+It may be red, green\."),
        ({"legs": [{"length": -1}]}, r"^chair: legs\[0\]\.length: is -1: expected `float` >= 0"),
        ({"legs": [{"length": float("nan")}]}, r"length: is nan, not a finite number"),
        ({"legs": [{"length": 9, "knees": True}]}, r"knees: is True: expected `int`, got `bool`"),
        ({"legs": [{"length": 9, "knees": 3}]}, r"^chair: legs\[0\]\.knees: 3 is odd\s+Add one\."),
        ({"legs": [{"length": 1, "knees": 2}]}, r"^chair: legs\[0\]\.knees: are too many"),
        ({**LEGS, "words": ["a", 3]}, r"^chair: words\[1\]: is 3: expected `str`"),
        ({**LEGS, "words": 3}, r"^chair: words: is 3: expected `str`"),
        ({**LEGS, "size": [1]}, r"^chair: size: has 1 items, not 2"),
        ({**LEGS, "size": ["x", 1]}, r"^chair: size\[0\]: is 'x'"),
        ({**LEGS, "spare": {"a": {"radius": 1}}}, r"^chair: spare\.a\.radius: isn't a key known"),
        ({**LEGS, "price": "a lot"}, r"^chair: price: invalid literal"),
        ({**LEGS, "back": 3}, r"^chair: back: is 3: expected `str \| table`"),
        ({**LEGS, "back": {"length": "x"}}, r"^chair: back\.length: is 'x'"),
        ({**LEGS, "called": None}, r"^chair: called: is empty: expected `str`"),
        ({**LEGS, "called": 10**50}, r"more than 40 digits"),
    ],
)
def test_what_is_wrong_is_refused_by_its_key(value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(Document(value, "chair"), Chair)


def test_all_that_is_wrong_is_told_at_once_each_on_its_line() -> None:
    text = "legs:\n- {length: x}\n- {length: 3, knes: 2}\ncolour: blue\nsize: [1, 2, 3]\n"
    with pytest.raises(ConfigError) as caught:
        read(parse_yaml(text.encode(), "chair.yaml"), Chair)
    assert str(caught.value).splitlines() == [
        "chair.yaml:2: legs[0].length: is 'x': expected `float`, got `str`",
        "chair.yaml:3: legs[1].knes: isn't a key known here. Did you mean 'knees'?",
        "chair.yaml:4: colour: is 'blue'. It may be red, green.",
        "chair.yaml:5: size: has 3 items, not 2",
    ]
    assert caught.value.details["keys"] == ["legs[0].length", "legs[1].knes", "colour", "size"]


def test_of_very_many_problems_the_first_are_told_and_the_others_counted() -> None:
    with pytest.raises(ConfigError) as caught:
        read(Document({"legs": [{"length": "x"}] * 10_000}, "chair"), Chair)
    assert len(str(caught.value).splitlines()) == 21
    assert str(caught.value).endswith("chair: 9980 more")


def test_a_key_that_is_missing_is_told_by_the_line_of_its_table() -> None:
    with pytest.raises(ConfigError, match=r"^chair\.yaml:3: legs\[1\]: lacks length"):
        read(parse_yaml(b"legs:\n- length: 9\n- knees: 2", "chair.yaml"), Chair)


def test_names_alone_are_an_error_of_names() -> None:
    with pytest.raises(InvalidNameError, match="holds a slash"):
        read(Document({**LEGS, "name": "a/b"}, "chair"), Chair)
    with pytest.raises(ConfigError, match="holds a slash"):
        read(Document({**LEGS, "name": "a/b", "colour": "blue"}, "chair"), Chair)


def test_a_key_without_a_value_may_count_as_absent() -> None:
    value = {**LEGS, "called": None, "spare": None}
    assert read(Document(value, "chair"), Chair, for_database=True) == Chair((Leg(3.0),))
    with pytest.raises(ConfigError, match="lacks legs"):
        read(Document({"legs": None}, "chair"), Chair, for_database=True)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_goes_to_the_database_holds_only_what_it_stores(text: str) -> None:
    value = {**LEGS, "called": text}
    assert read(Document(value, "chair"), Chair).label == text
    with pytest.raises(ConfigError, match=r"^chair: called: .* holds what no database stores"):
        read(Document(value, "chair"), Chair, for_database=True)


def test_two_spellings_of_one_key_are_refused() -> None:
    table = Annotated[dict[Annotated[str, After(lambda key, _where: key.upper())], int], Meta()]
    with pytest.raises(ConfigError, match=r"^x: a: is given twice, in two spellings"):
        read(Document({"A": 1, "a": 2}, "x"), table)


@pytest.mark.parametrize(
    "value",
    [
        {**LEGS, "called": ["postgresql://u:hunter2@h/d"]},
        {**LEGS, "colour": "postgresql://u:hunter2@h/d"},
        {**LEGS, "colour": "host=h Password = 'hunter2'"},
        {**LEGS, "size": {"password": "hunter2"}},
        {**LEGS, "postgresql://u:hunter2@h/d": 1},
        {**LEGS, "called": {"a": "hunter2"}},
    ],
)
def test_no_error_shows_a_password(value: Any) -> None:
    with pytest.raises(ConfigError) as refusal:
        read(Document(value, "chair"), Chair)
    assert "hunter2" not in f"{refusal.value} {refusal.value.details}"
