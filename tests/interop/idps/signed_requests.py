"""AuthnRequests that an IdP checks, with either binding: what each IdP's suite has in common."""

import pytest
from harness.sign_in import arrive, spoiled, start


@pytest.mark.parametrize("binding", ["redirect", "post"])
class SignedRequests:
    # What the IdP's error page says, in one of these ways.
    unsigned: tuple[str, ...]
    badly_signed: tuple[str, ...]

    def test_unsigned_is_refused_by_the_idp(self, world, idp, browser, asks, binding):
        asks(binding, None)
        self.said(self.unsigned, idp.refuse(browser, start(world, browser, idp.about["sso_redirect"]), "bob"))

    # With a RelayState, which the signature of a redirect covers, and without.
    @pytest.mark.parametrize("query", ["", "?to=analytics"], ids=["bare", "with-relay-state"])
    def test_signed_is_accepted(self, world, idp, browser, asks, analytics, binding, query):
        asks(binding, "sp")
        form = idp.sign_in(browser, start(world, browser, idp.about["sso_redirect"], query), "bob")
        arrive(world, browser, browser.submit(form), "bob", analytics)

    def test_a_changed_request_is_refused_by_the_idp(self, world, idp, browser, asks, binding):
        asks(binding, "sp")
        page = browser.get(f"{world.url}/login?to=analytics")
        self.said(self.badly_signed, idp.refuse(browser, spoiled(browser, page), "bob"))

    def test_the_wrong_key_is_refused_by_the_idp(self, world, idp, browser, asks, binding):
        asks(binding, "wrong")
        self.said(self.badly_signed, idp.refuse(browser, start(world, browser, idp.about["sso_redirect"]), "bob"))

    def said(self, expected: tuple[str, ...], words: str):
        assert any(one in words for one in expected), words[:2000]
