"""What no schema can say of the texts that Evident takes, said to Schemathesis, which makes requests of its own.

A name in `format` stands for a rule: the docs say it to people (docs/API.md, "Texts"), and here it is said once more as a
way to make such a text. What a rule refuses is still tried: that is the part of Schemathesis' own negative data.
"""

import atexit
import json
import threading
import unicodedata
import uuid
from datetime import UTC, datetime, timedelta

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import AcceptedNegativeData, ServerError

# Neither invisible nor changed by normalisation, and no mark that could pile up on a letter.
LETTERS = st.characters(
    codec="utf-8",
    exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Mc", "Me", "Zs", "Zl", "Zp"],
    exclude_characters="\u115f\u1160\u3164\uffa0\u2800",
)


def text(low, high):
    """A text that is as long in NFC as it was made."""
    made = st.text(LETTERS, min_size=low, max_size=high)
    return made.filter(lambda text: unicodedata.normalize("NFC", text) == text)


def unguessed(low, high):
    """No common word, no run of keys, and never one part again and again."""
    rest = st.text("bcdfghjkmnpqrstvwxz2679", min_size=low - 15, max_size=high - 15)
    return rest.map("k7wzj2xvbqh9frd".__add__)


ATOM = st.text("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=30)
LABEL = st.from_regex(r"[a-z]([a-z0-9]{0,20}[a-z])?", fullmatch=True)

FORMATS = {
    "email": st.builds("{}@{}.{}".format, ATOM, LABEL, LABEL),
    "display-name": text(1, 190) | text(1, 1) | text(150, 199),
    "reason": text(1, 490) | text(1, 1),
    "visible-text": text(1, 200) | text(1, 1) | st.just("v" * 200),
    "new-password": unguessed(15, 15) | unguessed(16, 255) | unguessed(256, 256),
    "password": unguessed(15, 60),
    "as-of": st.integers(0, 2**63 - 1).map(str) | st.just("2026-11-25T12:00:00Z"),
    "actor": st.sampled_from(["anonymous", "system", "operator"])
    | st.builds("{}:{}".format, st.sampled_from(["user", "service"]), st.uuids()),
    "key-expiry": st.integers(1, 360).map(lambda days: (datetime.now(UTC) + timedelta(days=days)).isoformat()),
    # Only we make these: a text that was not given is left out below.
    "cursor": st.just("cursor"),
    "evident-position": st.just("position"),
}

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)

given = {"positions": set(), "cursors": set()}
lock = threading.Lock()


@schemathesis.hook
def after_call(context, case, response):
    """Remembers what only Evident makes."""
    with lock:
        given["positions"].update(response.headers.get("evident-position", []))
        if b"next_cursor" in response.content:
            body = response.json()
            given["cursors"].update([body["next_cursor"]] if isinstance(body, dict) and body.get("next_cursor") else [])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Where a request is to be right, what only Evident makes is what it made, or is left out."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    headers, query = case.headers or {}, case.query or {}
    with lock:
        if headers.get("Evident-Min-Position") not in given["positions"]:
            headers.pop("Evident-Min-Position", None)
        # A cursor fits only the list and the filters that it came from.
        if set(query) != {"cursor"} or query["cursor"] not in given["cursors"]:
            query.pop("cursor", None)
    # A key that came with another body before is refused, and Schemathesis likes the shortest.
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = str(uuid.uuid4())
    # It takes the quotes off a text that is nothing but digits between them.
    if headers.get("If-Match", "").isdigit():
        headers["If-Match"] = '"{}"'.format(headers["If-Match"])


# What has a format that Schemathesis knows itself.
KNOWN = {"id", "session", "from", "to"}


# Answers that say to come again: other programs may leave no processor to hash passwords, or to fill the tables. More of
# them than this say something about us.
COME_AGAIN, MOST = ("overloaded", "read-model-behind"), 10
told = []


@atexit.register
def tell():
    print(f"Answers that say to come again: {len(told)}, of at most {MOST}.", *told)


def says_to_come_again(response):
    """The code with which an answer says so, if it does."""
    if response.status_code != 503:
        return None
    try:
        code = json.loads(response.content)["code"]
    except (ValueError, LookupError, TypeError):
        return None
    return code if code in COME_AGAIN else None


def is_forgiven(response):
    code = says_to_come_again(response)
    if code is None:
        return False
    with lock:
        told.append(code)
        return len(told) <= MOST


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """For a format that is ours it takes any text at all to be a violation, and wonders that most are accepted."""
    if isinstance(failure, ServerError):
        return not is_forgiven(response)
    if not isinstance(failure, AcceptedNegativeData):
        return True
    mutations = getattr(case.meta.phase.data, "mutations", None) or []
    return not mutations or any("format" not in made.keywords or made.parameter in KNOWN for made in mutations)
