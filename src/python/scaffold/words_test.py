import pytest

from scaffold.words import Service, plural, singular


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("order", "orders"),
        ("city", "cities"),
        ("box", "boxes"),
        ("batch", "batches"),
        ("address", "addresses"),
        ("price", "prices"),
        ("course", "courses"),
        ("day", "days"),
    ],
)
def test_a_word_and_its_plural_give_each_other(one: str, many: str) -> None:
    assert plural(one) == many
    assert singular(many) == one


@pytest.mark.parametrize("word", ["shipping", "status", "address", "basis"])
def test_a_word_in_no_plural_stays_as_it_is(word: str) -> None:
    assert singular(word) == word


def test_code_and_contracts_are_named_after_the_service() -> None:
    service = Service("orders", data=True)
    assert (service.title, service.record, service.model) == ("Orders", "order", "Order")
    assert service.store == "OrderStore"
