"""The ground of the browser tests finds what it is to find: widths, schemes, requests, violations."""

BLANK = "<!doctype html><html lang=en><title>t</title><main><h1>Title</h1>{}</main></html>"


def test_a_page_has_the_width_and_scheme_asked_for(page_at):
    for width, scheme in ((360, "dark"), (1440, "light")):
        page = page_at(width, scheme)
        page.set_content(BLANK.format(""))
        assert page.evaluate("innerWidth") == width
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")


def test_requests_are_seen_and_stay_with_their_page(page_at, requests_of):
    quiet, loud = page_at(768), page_at(768)
    quiet.set_content(BLANK.format(""))
    loud.set_content(BLANK.format('<img alt="x" src="http://127.0.0.1:9/x.png">'))
    assert requests_of(quiet) == []
    assert requests_of(loud) == ["http://127.0.0.1:9/x.png"]


def test_violations_are_found(page_at, violations):
    page = page_at(768)
    page.set_content(BLANK.format("<p>Black on white.</p>"))
    assert violations(page) == []
    page.set_content(BLANK.format('<p style="color: #bbb; background: #fff">Grey on white.</p><img src="data:,">'))
    assert {line.split()[0] for line in violations(page)} == {"color-contrast", "image-alt"}
