"""A set of words in one text column, as OAuth writes scopes (RFC 6749 §3.3)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models


def join_words(words: Iterable[str]) -> str:
    """Sorted and separated by blanks, so that equal sets are equal texts."""
    return " ".join(sorted({str(word) for word in words}))


def split_words(text: str | None) -> frozenset[str]:
    return frozenset((text or "").split())


if TYPE_CHECKING:
    Column = models.TextField[Any, frozenset[str]]
else:
    Column = models.TextField


class WordSetField(Column):
    """A frozenset of the words in `choices`.

    Text rather than a table: it is read with each request, in the one SELECT.
    """

    _pyi_private_set_type: Any  # for the type checker: any words are taken

    def from_db_value(self, value: str | None, *_: object) -> frozenset[str]:
        return split_words(value)

    def to_python(self, value: Any) -> frozenset[str]:
        return split_words(value) if isinstance(value, str) else frozenset(value or ())

    def get_prep_value(self, value: Any) -> str:
        return join_words(self.to_python(value))

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj))

    def value_from_object(self, obj: models.Model) -> Any:
        """For forms: widgets know lists."""
        return sorted(super().value_from_object(obj))

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        field = forms.MultipleChoiceField(choices=list(self.choices or ()), required=False)
        field.clean(list(value))

    def formfield(self, **kwargs: Any) -> forms.Field:
        return forms.MultipleChoiceField(
            choices=list(self.choices or ()),
            required=False,
            label=self.verbose_name,
            help_text=self.help_text,
            initial=sorted(self.get_default() or ()),
            widget=forms.CheckboxSelectMultiple,
        )
