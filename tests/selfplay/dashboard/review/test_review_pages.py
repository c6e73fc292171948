"""What reviewers see, and what of it they can decide."""

import re

import pytest


def others(page):
    return re.findall(r"<h3 id=\"others\">(.*?)</h3>", page)


def test_the_name_is_asked_before_anything_is_shown(reviewers, runs):
    nobody = reviewers(None)
    for page in (nobody.queue(), nobody.item("label/3/0").text):
        assert "Who is reviewing?" in page
        assert runs.LABEL not in page


@pytest.mark.parametrize(
    ("given", "kept"), [("anna", "anna"), ("  Anna   Ábel ", "Anna Ábel"), ("A\u0301", "Á"), ("李; a=b", "李; a=b")]
)
def test_a_name_is_kept_for_the_browser(reviewers, given, kept):
    somebody = reviewers(None)
    answer = somebody.client.post(f"{somebody.base}/reviewer", json={"name": given})
    assert answer.json() == {"name": kept}
    cookie = answer.headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(re.split(r";\s*", cookie))
    assert somebody.post("label/3/0", "approve").status_code == 200
    assert kept in somebody.queue()


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\u202eb", "a\x00", "\ud800", "a\u200bb", None, 7, ["anna"], {}])
def test_a_name_that_nobody_can_read_is_refused(reviewers, path, name):
    somebody = reviewers(None)
    body = '{"name": "\\ud800"}' if name == "\ud800" else None
    headers = {"content-type": "application/json"}
    sent = {"content": body, "headers": headers} if body else {"json": {"name": name}}
    answer = somebody.client.post(f"{somebody.base}/reviewer", **sent)
    assert answer.status_code == 400
    assert "name" in answer.json()["error"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["%ff", "a%00b", "x" * 300, "%e2%80%ae"])
def test_a_cookie_that_holds_no_name_is_no_reviewer(reviewers, runs, path, cookie):
    somebody = reviewers(None)
    somebody.client.cookies.set("selfplay_gym_reviewer", cookie)
    assert "Who is reviewing?" in somebody.queue()
    assert somebody.post("label/3/0", "approve").status_code == 400
    assert runs.decisions(path) == []


def test_the_queue_counts_what_is_left_for_each_reviewer(anna, reviewers):
    bob = reviewers("bob")
    anna.post("label/3/0", "approve")
    assert "<strong>4</strong> of 5 left for anna" in anna.queue()
    assert "<strong>5</strong> of 5 left for bob" in bob.queue()


def listed(page):
    return [
        found.replace("%2F", "/")
        for found in re.findall(r'<th class="text" scope="row"><a href="[^"]*id=([^"&]+)', page)
    ]


def test_filters_let_through_what_they_say(anna, reviewers):
    bob = reviewers("bob")
    anna.post("label/3/0", "approve")
    bob.post("label/3/0", "reject")
    bob.post("label/3/1", "reject")
    assert listed(anna.queue()) == ["question/3/2", "pair/3/1/0-1", "attempt/3/1/2", "label/3/1"], "second looks last"
    assert listed(anna.queue(state="decided")) == ["label/3/0"]
    assert listed(anna.queue(state="all", kind="label")) == ["label/3/0", "label/3/1"]
    assert listed(anna.queue(state="differ")) == ["label/3/0"]
    assert listed(anna.queue(state="all", by="bob")) == ["label/3/0", "label/3/1"]
    assert listed(anna.queue(kind="pair", round="3", gate="label: low-margin")) == ["pair/3/1/0-1"]
    for nothing in ({"kind": "x"}, {"round": "-1"}, {"gate": "' OR 1=1"}, {"by": "carol"}):
        assert listed(anna.queue(**nothing)) == []
    assert listed(anna.queue(state="no such")) == listed(anna.queue())


def test_an_item_shows_what_there_is_to_judge_by(anna, runs):
    page = anna.item("label/3/0").text
    for text in (
        "low-margin",
        "2 of 4 attempts came to",
        r"\frac{137}{16}",
        "checked",
        "9.5",
        "no idea",
        "no answer",
        "0.50",
    ):
        assert text in page
    assert page.count("<details") == 4


def test_a_pair_stands_side_by_side_and_an_attempt_alone(anna):
    pair, attempt = anna.item("pair/3/1/0-1").text, anna.item("attempt/3/1/2").text
    assert re.findall(r'data-do="prefer" data-key="(\d)".*?value="(\d)"', pair) == [("1", "0"), ("2", "1")]
    assert "no idea" not in pair
    for told in ("label-title", 'id="votes"', "as labelled", ">checked<"):
        assert told not in pair, "which one matches the label is not told"
    assert len(re.findall('type="radio"', attempt)) == 10


@pytest.mark.parametrize(
    "item",
    [
        "",
        "label/3/99",
        "label/4/0",
        "../../etc/passwd",
        "label/3/0/../1",
        "label/03/0",
        "LABEL/3/0",
        "label/3/0\x00",
        "%2e%2e",
    ],
)
def test_an_item_that_is_not_in_the_queue_is_not_found(anna, item):
    assert anna.item(item).status_code == 404


@pytest.mark.parametrize("run", ["nowhere", "..", "%2e%2e%2fetc", "algebra", "%00"])
@pytest.mark.parametrize("rest", ["", "/item?id=label/3/0", "/reviewer"])
def test_a_run_that_is_not_watched_is_not_found(anna, run, rest):
    assert anna.client.get(f"/run/{run}/review{rest}").status_code == 404


def test_the_other_decision_is_shown_only_after_ones_own(anna, reviewers):
    bob = reviewers("bob")
    anna.post("label/3/0", "edit", "8.5625", note="as a decimal")
    before = bob.item("label/3/0").text
    assert others(before) == []
    assert "8.5625" not in before
    assert "as a decimal" not in before
    assert "8.5625" not in bob.queue(state="all", by="anna")
    bob.post("label/3/0", "reject")
    after = bob.item("label/3/0").text
    assert others(after) == ["Others decided differently"]
    assert "8.5625" in after
    assert "as a decimal" in after
    assert "others differ" in bob.queue(state="decided")


def test_agreement_is_said_as_well(anna, reviewers):
    bob = reviewers("bob")
    for one in (anna, bob):
        one.post("pair/3/1/0-1", "prefer", 1)
    assert others(anna.item("pair/3/1/0-1").text) == ["Others agree"]


def test_the_way_through_the_queue(anna):
    page = anna.item("label/3/1").text
    assert re.search(r'data-next="[^"]*question%2F3%2F2"', page)
    assert re.search(r'href="[^"]*label%2F3%2F0" data-swap data-key="k"', page)
    assert re.search(r'href="[^"]*question%2F3%2F2" data-swap data-key="j"', page)
    last = anna.item("attempt/3/1/2").text
    assert 'data-key="j"' not in last
    assert re.search(r'data-next="[^"]*label%2F3%2F0"', last), "from the last to the first that is left"
    for item in ("label/3/0", "label/3/1", "question/3/2"):
        anna.post(item, "approve")
    anna.post("pair/3/1/0-1", "reject")
    assert re.search(r'data-next="/run/[^"?]*/review"', anna.item("attempt/3/1/2").text), "the queue, when all is done"


def test_the_fields_of_an_edit_hold_the_text_itself(anna, runs, path):
    text = "\n</textarea><b>x</b> &amp; \x1b[31m\u202e 1 < 2"
    lines = (path / "queue.jsonl").read_text() + runs.json.dumps(runs.row("question/3/9", question=text)) + "\n"
    (path / "queue.jsonl").write_text(lines)
    field = re.search(r'<textarea id="edit-question".*?>\n(.*?)</textarea>', anna.item("question/3/9").text, re.S)[1]
    from html import unescape

    assert unescape(field) == "\n</textarea><b>x</b> &amp; [31m 1 < 2"


def test_a_text_too_long_to_be_edited_is_not_cut(anna, runs, path):
    lines = (path / "queue.jsonl").read_text() + runs.json.dumps(runs.row("question/3/9", question="y" * 30_000)) + "\n"
    (path / "queue.jsonl").write_text(lines)
    page = anna.item("question/3/9").text
    assert "too long to be edited" in page
    assert 'data-form="edit"' not in page
    assert "10,000 more characters" in page


def test_a_queue_that_grows_is_followed(anna, runs, path):
    assert "of 5 left" in anna.queue()
    with open(path / "queue.jsonl", "a") as file:
        file.write(runs.json.dumps(runs.row("label/4/0")) + "\n" + runs.json.dumps(runs.row("label/4/1"))[:50])
    assert "<strong>6</strong> of 6 left" in anna.queue()
    assert anna.item("label/4/0").status_code == 200


def test_an_empty_queue_says_how_to_fill_it(reviewers, runs, tmp_path):
    empty = runs.make_run(tmp_path / "runs" / "empty", [])
    page = reviewers("anna", empty).queue()
    assert "gates" in page


def test_no_page_holds_a_script_or_a_style(anna):
    for page in (anna.queue(), *(anna.item(item).text for item in ("label/3/0", "pair/3/1/0-1", "attempt/3/1/2"))):
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son\w+=", page)
