from services.account.scenario.page import Entry, Form, read


def test_forms_hold_what_their_fields_hold() -> None:
    page = read(
        "<form action='/a'><input name=token value='x&amp;y'><input name=empty>"
        "<textarea name=text>\n\n first\n&lt;b&gt;</textarea></form><form action=/b></form>"
    )
    fields = {"token": "x&y", "empty": "", "text": "\n first\n<b>"}
    assert page.forms == [Form("/a", fields), Form("/b")]
    assert page.form("/b") == Form("/b")
    assert page.form("/c") is None


def test_what_a_page_shows_is_its_content_alone() -> None:
    page = read("<title>Not this</title><nav>nor this</nav><main><h1>A&amp;B</h1> says</main>")
    assert (page.heading, page.text) == ("A&B", "A&B says")


def test_recent_activity_is_read_from_the_newest_on() -> None:
    page = read(
        "<link rel=stylesheet href=/s.css><main><ul><li>no entry</li></ul><ol data-live=/live>"
        "<li data-id=2><p>Changed</p></li><li data-id=1><p>Opened</p></li></ol>beside</main>"
    )
    assert page.entries == [Entry("2", "Changed"), Entry("1", "Opened")]
    assert (page.live, page.stylesheets) == ("/live", ["/s.css"])


def test_what_is_no_page_of_the_site_holds_nothing() -> None:
    for text in ("", "Bad Gateway", "<input name=x><textarea>y</textarea></main><form>", "{}"):
        page = read(text)
        assert (page.heading, page.text, page.entries, page.live) == ("", "", [], "")
