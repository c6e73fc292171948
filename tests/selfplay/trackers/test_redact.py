"""Secrets do not leave the machine, and nothing else is lost."""

import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.trackers.hook import said
from selfplay_gym.selfplay.trackers.measures import cut, hyperparameters
from selfplay_gym.selfplay.trackers.redact import redacted, redacted_setting

SECRET = "Zq8vXw2LmN5tRb7K"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("compute.sampler", f"openai(url=https://user:{SECRET}@host/v1, model=m)"),
        ("compute.sampler", f"openai(url=http://host/v1?api_key={SECRET}&x=1, model=m)"),
        ("roles.solver.policy", f"endpoint:https://host#m(token={SECRET}, fail_closed=true)"),
        ("roles.solver.policy", f'endpoint:https://host#m(password="{SECRET} and more", x=1)'),
        ("trackers", [f"mlflow(uri=https://me:{SECRET}@tracking)", "tensorboard"]),
        ("trackers", [f"mine(api_key={SECRET})"]),
        ("trackers", [f"mine(headers=Authorization: Bearer {SECRET})"]),
        ("labels.source", {"name": "mine", "api-key": SECRET, "inner": [{"client_secret": SECRET}]}),
        ("labels.source.secret", SECRET),
        ("env", f"sk-proj-{SECRET}{SECRET}"),
        ("env", f"hf_{SECRET}{SECRET}"),
        ("env", f"see ghp_{SECRET}{SECRET}."),
    ],
)
def test_a_secret_in_a_setting_is_hidden(path, value):
    found = str(redacted_setting(path, value))
    assert SECRET not in found
    assert "***" in found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("questions.generator", "families(only=[chains, sums])"),
        ("roles.solver.update", "rft(batch=64, steps=100, keep=1, learning_rate=3e-4, balance=none)"),
        ("schedule.a.until", "tokens(n=100000)"),
        ("compute.sampler", "openai(url=http://127.0.0.1:8000/v1, model=qwen, max_tokens=512)"),
        ("roles.solver.max_new_tokens", 64),
        ("stages", ["train(challenger)", "generate", "author=me"]),
        ("template", "plain"),
        ("env", "SelfPlayMath-v0"),
        ("compute.sampler", "agent(key_env=OPENAI_API_KEY_NAME)"),
    ],
)
def test_what_is_no_secret_stays(path, value):
    assert redacted_setting(path, value) == value


HIDDEN = [
    "https://user:@@/work",
    "https://user:p/@@@host/x",
    "https://user:p@@@@host/x",
    "postgresql+psycopg://u:@@@h/db",
    "https://@@@host",
    "password: @@",
    "token=@@",
    "api_key=@@",
    "api_key = {'inner': {'name': '@@'}}",
    "api_key = [1, '@@']",
    "api_key = {'not closed': ['@@'",
    '{"api_key": "@@"}',
    '{\\"api_key\\": \\"@@\\"}',
    "password='it is @@",
    "pwd=@@",
    "the cookie: @@",
    "Set-Cookie: id=1; session=@@",
    "GET https://host/a?x=1&sig=@@&y=2",
    "https://host/?X-Amz-Signature=@@",
    "pat=@@",
    "GITLAB_PAT: @@",
    "Authorization: Basic @@",
    "accessToken=@@",
    "-----BEGIN RSA PRIVATE KEY-----\n@@\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", [SECRET, "98765432", "12345678901234567890"])
@pytest.mark.parametrize("text", HIDDEN)
def test_one_rule_holds_for_settings_messages_and_tables(text, secret):
    text = text.replace("https://user:@@/work", "https://user:@@/work@host").replace("@@", secret, 1)
    assert secret in text
    for found in (redacted(text), cut(text), said(ValueError(text)), redacted_setting("env", text)):
        assert secret not in found
        assert "***" in found
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize("name", ["api_key", "x.pwd", "a.cookie", "pat", "sig", "deep.password"])
@pytest.mark.parametrize("value", ["abc", 12345678, ["a", 7], {"x": "y"}, {"x": {"y": ["z"]}}])
def test_nothing_is_left_of_what_is_named_like_a_secret(name, value):
    assert redacted_setting(name, value) == "***"


@pytest.mark.parametrize(
    "text",
    [
        "key=5",
        "token: 12 of 64",
        "max_tokens=100000000",
        "pattern=abcdefgh",
        "signal: abcdefgh",
        "compatible: yes",
        "see https://host:8000/v1 and mail me@host",
        "https://host/@user/page",
        "https://docs.host/a?x=1&y=2",
        "a key, a token and a password",
        "npm_config",
    ],
)
def test_what_only_looks_like_one_stays(text):
    assert redacted(text) == text


@given(
    st.text(st.sampled_from("tokenkey_-:=/@ \\\"'{}[]();,a1"), max_size=1000), st.sampled_from([" ", ";", ", ", "\n"])
)
@example("token=1", "; ")
@settings(deadline=None)
def test_nothing_before_it_keeps_a_secret_from_being_hidden(before, between):
    assert SECRET not in redacted(f"{before}{between}password={SECRET}")


def test_the_default_settings_hold_no_secret():
    found = hyperparameters(RunConfig())
    assert "***" not in str(found)
    assert found["roles.solver.max_new_tokens"] == RunConfig().roles["solver"].max_new_tokens
    assert found["stages"].startswith('["train(challenger)"')
    assert all(isinstance(value, str | int | float | bool) for value in found.values())


def test_values_of_the_environment_are_hidden_wherever_they_stand(monkeypatch):
    monkeypatch.setenv("MY_SERVICE_TOKEN", SECRET)
    monkeypatch.setenv("SHORT_KEY", "42")
    monkeypatch.setenv("EDITOR_NAME", "a long name that is no secret")
    assert redacted(f"failed with {SECRET}") == "failed with ***"
    assert redacted("42 and a long name that is no secret") == "42 and a long name that is no secret"
    assert SECRET not in cut(f"the model says {SECRET}")


@given(st.text(string.ascii_letters + string.digits + " +-*/=().,:?{}\\_", max_size=200))
@settings(deadline=None)
def test_what_models_write_of_numbers_stays(text):
    assert cut(text) == text[:500]


@given(st.text(st.characters(), max_size=3000))
@settings(deadline=None)
def test_any_text_becomes_one_that_can_be_kept(text):
    found = cut(text)
    assert len(found) <= 500
    assert found.encode("utf-8").decode() == found
    assert not set(found) & {chr(code) for code in range(32) if chr(code) not in "\t\n"}
