import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from accounts.adapter import MFAAdapter
from accounts.sealing import seal, unseal


@given(st.text())
def test_it_opens_what_it_sealed(text):
    assert unseal(seal(text)) == text


def test_it_hides_that_two_texts_are_equal():
    assert seal("same") != seal("same")


def test_it_refuses_what_was_changed():
    sealed = seal("secret")
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    with pytest.raises(InvalidToken):
        unseal(changed)


def test_it_refuses_what_another_key_sealed(settings):
    sealed = seal("secret")
    settings.SECRET_KEY = "another-secret-key-" + "0123456789" * 4
    with pytest.raises(InvalidToken):
        unseal(sealed)


def test_it_opens_with_a_fallback_key(settings):
    sealed = seal("secret")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-" + "0123456789" * 4
    assert unseal(sealed) == "secret"


def test_a_factor_that_was_sealed_with_a_lost_key_fits_no_code(settings, caplog):
    sealed = MFAAdapter().encrypt("JBSWY3DPEHPK3PXP")
    settings.SECRET_KEY = "another key that is long enough to be one"
    assert MFAAdapter().decrypt(sealed) != "JBSWY3DPEHPK3PXP"
    assert "SECRET_KEY that is gone" in caplog.text
