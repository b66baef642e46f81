"""What needs a mailbox: verification and recovery."""

import uuid
from datetime import datetime, timedelta, timezone

import ory_kratos_client as ory
from service import (
    Refused, courier, digits, frontend, identities, mail_to, messages, node, person, settings,
    sign_in,
)


def _verify(flow, **fields):
    body = ory.UpdateVerificationFlowWithCodeMethod(method="code", **fields)
    return frontend.update_verification_flow(
        flow, ory.UpdateVerificationFlowBody(actual_instance=body)
    )


def _recover(flow, **fields):
    body = ory.UpdateRecoveryFlowWithCodeMethod(method="code", **fields)
    return frontend.update_recovery_flow(flow, ory.UpdateRecoveryFlowBody(actual_instance=body))


def an_address_is_verified_with_the_code_of_a_mail():
    email, id = person()
    flow = frontend.create_native_verification_flow()
    assert flow.state == ory.VerificationFlowState.CHOOSE_METHOD
    sent = _verify(flow.id, email=email)
    assert (sent.state, messages(sent)) == ("sent_email", [1080003])
    code = digits(mail_to(email, "verification_code_valid"))
    wrong = _verify(flow.id, code="000001" if code == "000000" else "000000")
    assert messages(wrong) == [4070006]
    assert _verify(flow.id, code=code).state == "passed_challenge"
    [one] = identities.get_identity(id).verifiable_addresses
    assert (one.value, one.verified, one.status) == (email, True, "completed")
    assert datetime.now(timezone.utc) - one.verified_at < timedelta(minutes=1)


def an_account_is_recovered_with_the_code_of_a_mail():
    email, _ = person()
    flow = frontend.create_native_recovery_flow()
    assert _recover(flow.id, email=email).state == "sent_email"
    passed = _recover(flow.id, code=digits(mail_to(email, "recovery_code_valid")))
    assert passed.state == "passed_challenge"
    follow = {it.actual_instance.action: it.actual_instance for it in passed.continue_with}
    token = follow["set_ory_session_token"].ory_session_token
    form = frontend.get_settings_flow(follow["show_settings_ui"].flow.id, x_session_token=token)
    assert node(form, "password")
    body = settings(
        ory.UpdateSettingsFlowWithPasswordMethod, method="password", password="recovered-Lighthouse-44"
    )
    frontend.update_settings_flow(form.id, body, x_session_token=token)
    assert sign_in(email, "recovered-Lighthouse-44").session.active


def the_administration_hands_out_a_recovery_code():
    _, id = person()
    body = ory.CreateRecoveryCodeForIdentityBody(identity_id=id, expires_in="1h")
    made = identities.create_recovery_code_for_identity(body)
    assert made.recovery_code.isdigit() and len(made.recovery_code) == 6
    assert "flow=" in made.recovery_link
    assert made.expires_at - datetime.now(timezone.utc) > timedelta(minutes=50)


def mails_are_listed_and_read():
    email, _ = person()
    flow = frontend.create_native_recovery_flow()
    _recover(flow.id, email=email)
    mail = mail_to(email, "recovery_code_valid")
    assert (mail.type, mail.recipient) == (ory.CourierMessageType.EMAIL, email)
    assert isinstance(mail.status, ory.CourierMessageStatus)
    one = courier.get_courier_message(mail.id)
    assert one.subject == mail.subject
    with Refused(404) as nothing:
        courier.get_courier_message(str(uuid.uuid4()))
    nothing.error()
