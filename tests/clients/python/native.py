"""Flows of a native client: tokens, no cookies."""

from datetime import datetime, timedelta, timezone

import ory_kratos_client as ory
from service import (
    PASSWORD, Refused, address, attributes, enrol, frontend, login, messages, node, person, settings,
    sign_in, totp,
)


def a_flow_has_a_form_a_state_and_its_times():
    flow = frontend.create_native_login_flow()
    assert (flow.type, flow.state, flow.requested_aal) == ("api", "choose_method", "aal1")
    assert flow.issued_at.tzinfo is not None
    assert flow.expires_at - flow.issued_at == timedelta(hours=1)
    field = node(flow, "identifier")
    assert (field.type, field.group, field.messages) == ("input", "default", [])
    assert attributes(flow, "identifier").required is True
    assert frontend.get_login_flow(flow.id) == flow


def registration_refuses_field_by_field_and_then_opens_a_session():
    flow = frontend.create_native_registration_flow()
    email = address()

    def submit(traits, password=PASSWORD):
        body = ory.UpdateRegistrationFlowWithPasswordMethod(
            method="password", password=password, traits=traits
        )
        return frontend.update_registration_flow(
            flow.id, ory.UpdateRegistrationFlowBody(actual_instance=body)
        )

    with Refused(400) as short:
        submit({"email": email}, "1234567")
    assert 4000032 in messages(short.flow(ory.RegistrationFlow))
    with Refused(400) as wrong:
        submit({"email": email, "nick": "x"})
    nick = node(wrong.flow(ory.RegistrationFlow), "traits.nick")
    assert [message.type for message in nick.messages] == ["error"]
    made = submit({"email": email, "age": 42, "news": True})
    assert made.identity.traits == {"email": email, "age": 42, "news": True}
    assert made.session_token.startswith("ory_st_")
    assert made.session.active is True
    actions = [item.actual_instance.action for item in made.continue_with]
    assert "show_verification_ui" in actions, actions
    session = frontend.to_session(x_session_token=made.session_token)
    assert session.identity.id == made.identity.id


def a_wrong_password_is_a_message_of_the_flow():
    email, _ = person()
    with Refused(400) as refused:
        sign_in(email, "not-the-right-one")
    assert messages(refused.flow(ory.LoginFlow)) == [4000006]


def a_session_tells_who_how_and_until_when():
    email, identity = person(metadata_public={"plan": "gold"})
    done = sign_in(email)
    session = frontend.to_session(x_session_token=done.session_token)
    assert session.id == done.session.id
    assert session.authenticator_assurance_level == ory.AuthenticatorAssuranceLevel.AAL1
    [method] = session.authentication_methods
    assert (method.method, method.aal) == ("password", "aal1")
    now = datetime.now(timezone.utc)
    assert now - timedelta(minutes=1) < method.completed_at < now + timedelta(seconds=1)
    assert session.expires_at > now
    who = session.identity
    assert (who.id, who.schema_id, who.state) == (identity, "person", "active")
    assert who.metadata_public == {"plan": "gold"} and who.metadata_admin is None
    assert who.verifiable_addresses[0].via == "email"
    assert len(session.devices) == 1


def nobody_is_not_a_session():
    for token in (None, "ory_st_nonsense"):
        with Refused(401) as refused:
            frontend.to_session(x_session_token=token)
        assert refused.error().code == 401


def an_authenticator_app_raises_the_session_and_is_asked_for_at_the_next_login():
    email, _ = person()
    first = sign_in(email)
    secret, flow = enrol(first.session_token)
    assert flow.state == ory.SettingsFlowState.SUCCESS
    assert node(flow, "totp_unlink")
    raised = frontend.to_session(x_session_token=first.session_token)
    assert raised.authenticator_assurance_level == "aal2"

    token = sign_in(email).session_token
    with Refused(403) as missing:
        frontend.to_session(x_session_token=token)
    missing.error("session_aal2_required")
    second = frontend.create_native_login_flow(aal="aal2", x_session_token=token)
    assert second.requested_aal == "aal2"

    def submit(code):
        body = login(ory.UpdateLoginFlowWithTotpMethod, method="totp", totp_code=code)
        return frontend.update_login_flow(second.id, body, x_session_token=token)

    with Refused(400) as wrong:
        submit("000000")
    assert messages(wrong.flow(ory.LoginFlow)) == [4000008]
    assert submit(totp(secret, 1)).session_token == token
    both = frontend.to_session(x_session_token=token)
    assert both.authenticator_assurance_level == "aal2"
    assert [it.method for it in both.authentication_methods] == ["password", "totp"]


def recovery_codes_are_shown_confirmed_and_used_once():
    email, _ = person()
    token = sign_in(email).session_token
    flow = frontend.create_native_settings_flow(x_session_token=token)

    def change(**fields):
        body = settings(ory.UpdateSettingsFlowWithLookupMethod, method="lookup_secret", **fields)
        return frontend.update_settings_flow(flow.id, body, x_session_token=token)

    shown = attributes(change(lookup_secret_regenerate=True), "lookup_secret_codes")
    codes = [secret["text"] for secret in shown.text.context["secrets"]]
    assert len(set(codes)) == 12
    assert change(lookup_secret_confirm=True).state == "success"

    token = sign_in(email).session_token

    def use(code):
        second = frontend.create_native_login_flow(aal="aal2", refresh=True, x_session_token=token)
        body = login(
            ory.UpdateLoginFlowWithLookupSecretMethod, method="lookup_secret", lookup_secret=code
        )
        return frontend.update_login_flow(second.id, body, x_session_token=token)

    use(codes[3])
    methods = frontend.to_session(x_session_token=token).authentication_methods
    assert methods[-1].method == "lookup_secret"
    with Refused(400) as used:
        use(codes[3])
    assert messages(used.flow(ory.LoginFlow)) == [4000012]


def a_password_and_a_profile_are_changed():
    email, _ = person()
    token = sign_in(email).session_token

    def change(kind, **fields):
        flow = frontend.create_native_settings_flow(x_session_token=token)
        return frontend.update_settings_flow(flow.id, settings(kind, **fields), x_session_token=token)

    traits = {"email": email, "nick": "Addie"}
    profile = change(ory.UpdateSettingsFlowWithProfileMethod, method="profile", traits=traits)
    assert profile.identity.traits == traits
    assert messages(profile) == [1050001]
    change(
        ory.UpdateSettingsFlowWithPasswordMethod, method="password", password="another-Lighthouse-43"
    )
    with Refused(400):
        sign_in(email)
    assert sign_in(email, "another-Lighthouse-43").session.active


def other_sessions_are_listed_and_ended():
    email, _ = person()
    one, two, three = sign_in(email), sign_in(email), sign_in(email)
    mine = {"x_session_token": three.session_token}
    others = {session.id for session in frontend.list_my_sessions(**mine)}
    assert others == {one.session.id, two.session.id}
    frontend.disable_my_session(one.session.id, **mine)
    with Refused(401):
        frontend.to_session(x_session_token=one.session_token)
    assert frontend.disable_my_other_sessions(**mine).count == 1
    assert frontend.list_my_sessions(**mine) == []


def a_native_logout_ends_the_token():
    email, _ = person()
    token = sign_in(email).session_token
    frontend.perform_native_logout(ory.PerformNativeLogoutBody(session_token=token))
    with Refused(401) as refused:
        frontend.to_session(x_session_token=token)
    refused.error()


def what_is_not_there_is_told_in_the_shape_of_an_error():
    nothing = "11111111-2222-4333-8444-555555555555"
    for get in (frontend.get_login_flow, frontend.get_flow_error):
        with Refused(404) as refused:
            get(nothing)
        refused.error()
