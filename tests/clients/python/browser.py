"""Flows of a single-page application: cookies and JSON."""

import json

import ory_kratos_client as ory
from service import (
    PASSWORD, Jar, Refused, attributes, enrol, login, messages, person, settings, sign_in, totp,
)

SESSION = "ory_kratos_session"


def _csrf(flow):
    return attributes(flow, "csrf_token").value


def _sign_in(jar, email, password=PASSWORD):
    flow = jar.call("create_browser_login_flow")
    body = login(
        ory.UpdateLoginFlowWithPasswordMethod,
        method="password", identifier=email, password=password, csrf_token=_csrf(flow),
    )
    return jar.call("update_login_flow", flow.id, body)


def a_browser_signs_in_is_known_and_signs_out():
    email, _ = person()
    jar = Jar()
    done = _sign_in(jar, email)
    assert SESSION in jar.cookies
    assert done.session.identity.traits["email"] == email
    assert jar.call("to_session").id == done.session.id
    logout = jar.call("create_browser_logout_flow")
    assert logout.logout_token in logout.logout_url
    jar.call("update_logout_flow", token=logout.logout_token)
    assert SESSION not in jar.cookies
    with Refused(401) as refused:
        jar.call("to_session")
    refused.error()


def the_second_step_is_told_with_422_and_taken():
    email, _ = person()
    secret, _ = enrol(sign_in(email).session_token)
    jar = Jar()
    with Refused(422) as elsewhere:
        _sign_in(jar, email)
    # The SDK's own class for this error reads no answer of a real Kratos either.
    next_step = json.loads(elsewhere.body)
    assert next_step["error"]["id"] == "browser_location_change_required"
    assert "aal=aal2" in next_step["redirect_browser_to"]
    with Refused(403) as missing:
        jar.call("to_session")
    missing.error("session_aal2_required")
    flow = jar.call("create_browser_login_flow", aal="aal2")

    def submit(code):
        body = login(
            ory.UpdateLoginFlowWithTotpMethod,
            method="totp", totp_code=code, csrf_token=_csrf(flow),
        )
        return jar.call("update_login_flow", flow.id, body)

    with Refused(400) as wrong:
        submit("000000")
    assert messages(wrong.flow(ory.LoginFlow)) == [4000008]
    assert submit(totp(secret, 1)).session.authenticator_assurance_level == "aal2"


def a_submission_without_its_anti_forgery_token_is_refused():
    email, _ = person()
    jar = Jar()
    flow = jar.call("create_browser_login_flow")
    body = login(
        ory.UpdateLoginFlowWithPasswordMethod,
        method="password", identifier=email, password=PASSWORD, csrf_token="wrong",
    )
    with Refused(403) as refused:
        jar.call("update_login_flow", flow.id, body)
    refused.error("security_csrf_violation")


def a_flow_belongs_to_the_browser_that_opened_it():
    jar = Jar()
    flow = jar.call("create_browser_login_flow", return_to="http://127.0.0.1:4455/app")
    assert flow.return_to == "http://127.0.0.1:4455/app"
    assert jar.call("get_login_flow", flow.id).id == flow.id
    with Refused(403) as refused:
        Jar().call("get_login_flow", flow.id)
    refused.error("security_csrf_violation")
    with Refused(400) as elsewhere:
        Jar().call("create_browser_login_flow", return_to="https://evil.example/")
    assert json.loads(elsewhere.body)["error"]["id"] == "self_service_flow_return_to_forbidden"


def a_browser_changes_its_settings():
    email, _ = person()
    jar = Jar()
    _sign_in(jar, email)
    flow = jar.call("create_browser_settings_flow")
    assert (flow.state, flow.identity.traits["email"]) == ("show_form", email)
    body = settings(
        ory.UpdateSettingsFlowWithProfileMethod,
        method="profile", traits={"email": email, "news": True}, csrf_token=_csrf(flow),
    )
    done = jar.call("update_settings_flow", flow.id, body)
    assert done.state == "success" and done.identity.traits["news"] is True
    with Refused(401) as nobody:
        Jar().call("create_browser_settings_flow")
    nobody.error("session_inactive")
