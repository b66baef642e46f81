"""The service under test, and what its clients need: people, codes, refusals, cookies."""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import uuid

import ory_kratos_client as ory
from ory_kratos_client.exceptions import ApiException

PASSWORD = "tangerine-Lighthouse-42"


def _client(variable):
    return ory.ApiClient(ory.Configuration(host=os.environ[variable]))


frontend = ory.FrontendApi(_client("KRATOS_PUBLIC_URL"))
identities = ory.IdentityApi(_client("KRATOS_ADMIN_URL"))
courier = ory.CourierApi(_client("KRATOS_ADMIN_URL"))
metadata = ory.MetadataApi(_client("KRATOS_ADMIN_URL"))


def address():
    return f"python-{uuid.uuid4()}@clients.example"


class Refused:
    """A request inside must be refused with this status; `body` is what was said."""

    def __init__(self, status):
        self.status = status

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is None:
            raise AssertionError(f"not refused with {self.status}")
        if not isinstance(error, ApiException):
            return False
        assert error.status == self.status, f"{error.status} instead of {self.status}: {error.body}"
        self.body = error.body
        return True

    def error(self, id=None):
        """The envelope of an error."""
        error = json.loads(self.body)["error"]
        assert error["code"] == self.status, error
        assert id is None or error["id"] == id, error
        return ory.ErrorGeneric.from_json(self.body).error

    def flow(self, kind):
        """A flow, as the SDK reads it."""
        return kind.from_json(self.body)


def messages(flow):
    """The ids of the messages about a form and its fields."""
    fields = [message for one in flow.ui.nodes for message in one.messages]
    return [message.id for message in (flow.ui.messages or []) + fields]


def node(flow, name):
    """The node of this name or id."""
    for one in flow.ui.nodes:
        attributes = one.attributes.actual_instance
        if name in (getattr(attributes, "name", None), getattr(attributes, "id", None)):
            return one
    raise AssertionError(f"no node {name}")


def attributes(flow, name):
    return node(flow, name).attributes.actual_instance


def totp(secret, later=0):
    """The code of a secret, `later` steps of 30 seconds from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    step = int(time.time()) // 30 + later
    mac = hmac.new(key, step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def person(**more):
    """Somebody with a password, made by the administration."""
    email = more.pop("email", None) or address()
    body = {
        "schema_id": "person",
        "traits": {"email": email},
        "credentials": {"password": {"config": {"password": PASSWORD}}},
        **more,
    }
    made = identities.create_identity(ory.CreateIdentityBody.from_dict(body))
    return email, made.id


def login(kind, **fields):
    return ory.UpdateLoginFlowBody(actual_instance=kind(**fields))


def settings(kind, **fields):
    return ory.UpdateSettingsFlowBody(actual_instance=kind(**fields))


def sign_in(email, password=PASSWORD):
    """Signs in with a password as a native client does."""
    flow = frontend.create_native_login_flow()
    body = login(
        ory.UpdateLoginFlowWithPasswordMethod, method="password", identifier=email, password=password
    )
    return frontend.update_login_flow(flow.id, body)


def enrol(token):
    """Sets up an authenticator app and gives its secret."""
    flow = frontend.create_native_settings_flow(x_session_token=token)
    secret = attributes(flow, "totp_secret_key").text.text
    body = settings(ory.UpdateSettingsFlowWithTotpMethod, method="totp", totp_code=totp(secret))
    return secret, frontend.update_settings_flow(flow.id, body, x_session_token=token)


def mail_to(email, template):
    """A person's newest mail of a kind, once it is there."""
    for _ in range(100):
        for mail in courier.list_courier_messages(recipient=email):
            if mail.template_type == template:
                return mail
        time.sleep(0.05)
    raise AssertionError(f"no {template} to {email}")


def digits(mail):
    """The six digits in a mail."""
    return re.search(r"\b\d{6}\b", mail.body)[0]


class Jar:
    """What a browser keeps between requests."""

    def __init__(self):
        self.cookies = {}

    def call(self, method, *arguments, **named):
        """Calls the SDK with the cookies, and keeps those of the answer."""
        if self.cookies:
            named["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            answer = getattr(frontend, f"{method}_with_http_info")(*arguments, **named)
        except ApiException as error:
            self._keep(error.headers)
            raise
        self._keep(answer.headers)
        return answer.data

    def _keep(self, headers):
        # An answer's headers are a plain map here, with the last cookie alone; a refusal has all.
        for line in [text for name, text in headers.items() if name.lower() == "set-cookie"]:
            name, _, rest = line.partition("=")
            if "max-age=0" in rest.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = rest.split(";")[0]
