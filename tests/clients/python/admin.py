"""The administration."""

import base64
import hashlib
import os
import re
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlparse

import ory_kratos_client as ory
from service import (
    PASSWORD, Refused, address, enrol, frontend, identities, messages, metadata, person, sign_in,
)


def the_service_is_alive_ready_and_has_a_version():
    assert metadata.is_alive().status == "ok"
    assert metadata.is_ready().status == "ok"
    assert re.search(r"\d", metadata.get_version().version)


def an_identity_is_made_with_what_was_imported():
    email = address()
    verified = {"value": email, "verified": True, "via": "email", "status": "completed"}
    person(
        email=email, external_id=f"ext-{email}", metadata_admin={"note": "imported"},
        verifiable_addresses=[verified],
    )
    found = identities.get_identity_by_external_id(f"ext-{email}")
    assert uuid.UUID(found.id).version == 4
    assert found.created_at <= found.updated_at
    assert found.metadata_admin == {"note": "imported"}
    assert found.verifiable_addresses[0].verified is True
    assert found.credentials["password"].identifiers == [email]
    whole = identities.get_identity(found.id, include_credential=["password"])
    assert whole.credentials["password"].config["hashed_password"].startswith("$2")
    assert sign_in(email).session.active


def a_hash_of_another_system_is_taken_and_signs_in():
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, 1000, 32)
    encoded = [base64.b64encode(it).decode().rstrip("=") for it in (salt, digest)]
    imported = f"$pbkdf2-sha256$i=1000,l=32${encoded[0]}${encoded[1]}"
    email, _ = person(credentials={"password": {"config": {"hashed_password": imported}}})
    assert sign_in(email).session.active
    with Refused(400):
        sign_in(email, "not-the-right-one")


def identities_are_listed_page_by_page_and_found_by_what_they_sign_in_with():
    people = [person() for _ in range(3)]
    seen, token = set(), None
    while True:
        named = {"page_token": token} if token else {}
        page = identities.list_identities_with_http_info(page_size=2, **named)
        assert len(page.data) <= 2
        seen |= {identity.id for identity in page.data}
        following = re.search(r'<([^>]*)>; *rel="next"', page.headers["link"])
        if not following:
            break
        [token] = parse_qs(urlparse(following[1]).query)["page_token"]
    assert {identity for _, identity in people} <= seen
    [found] = identities.list_identities(credentials_identifier=people[1][0])
    assert found.id == people[1][1]
    assert len(identities.list_identities(ids=[people[0][1], people[2][1]])) == 2


def an_identity_is_patched_replaced_and_deleted():
    email, id = person()
    add = ory.JsonPatch(op="add", path="/traits/nick", value="Addie")
    assert identities.patch_identity(id, json_patch=[add]).traits["nick"] == "Addie"
    forbidden = ory.JsonPatch(op="replace", path="/id", value=str(uuid.uuid4()))
    with Refused(400) as refused:
        identities.patch_identity(id, json_patch=[forbidden])
    refused.error()
    body = ory.UpdateIdentityBody(schema_id="person", state="inactive", traits={"email": email})
    replaced = identities.update_identity(id, update_identity_body=body)
    assert (replaced.state, replaced.traits) == ("inactive", {"email": email})
    assert datetime.now(timezone.utc) - replaced.state_changed_at < timedelta(minutes=1)
    with Refused(400) as inactive:
        sign_in(email)
    assert messages(inactive.flow(ory.LoginFlow)) == [4010011]
    identities.delete_identity(id)
    with Refused(404) as gone:
        identities.get_identity(id)
    gone.error()


def many_identities_are_made_at_once_each_with_its_own_outcome():
    email, _ = person()
    first, second = str(uuid.uuid4()), str(uuid.uuid4())

    def create(email, patch):
        body = ory.CreateIdentityBody(schema_id="person", traits={"email": email})
        return ory.IdentityPatch(create=body, patch_id=patch)

    body = ory.PatchIdentitiesBody(identities=[create(address(), first), create(email, second)])
    made, failed = identities.batch_patch_identities(patch_identities_body=body).identities
    assert (made.action, made.patch_id) == ("create", first)
    assert uuid.UUID(made.identity)
    assert (failed.action, failed.patch_id, failed.error["code"]) == ("error", second, 409)


def a_second_factor_is_taken_away():
    email, id = person()
    enrol(sign_in(email).session_token)
    identities.delete_identity_credentials(id, "totp")
    credentials = identities.get_identity(id).credentials
    assert "password" in credentials and "totp" not in credentials
    session = frontend.to_session(x_session_token=sign_in(email).session_token)
    assert session.authenticator_assurance_level == "aal1"


def sessions_are_listed_extended_and_ended():
    email, id = person()
    done = sign_in(email)
    [listed] = identities.list_identity_sessions(id)
    assert listed.id == done.session.id
    one = identities.get_session(listed.id, expand=["identity", "devices"])
    assert one.identity.id == id and len(one.devices) == 1
    identities.extend_session(listed.id)
    everyone = identities.list_sessions(active=True, page_size=500, expand=["identity"])
    assert any(it.id == listed.id and it.identity.id == id for it in everyone)
    identities.disable_session(listed.id)
    with Refused(401):
        frontend.to_session(x_session_token=done.session_token)
    identities.delete_identity_sessions(id)


def schemas_are_told_as_they_are():
    [container] = identities.list_identity_schemas()
    assert container.id == "person" and container.var_schema["title"] == "Person"
    schema = identities.get_identity_schema("person")
    assert schema["properties"]["traits"]["properties"]["email"]["format"] == "email"


def a_conflict_is_told():
    email, _ = person()
    with Refused(409) as refused:
        person(email=email)
    refused.error()
