"use strict";
// Security keys and passkeys, by the functions that a form's nodes name (onclickTrigger,
// onloadTrigger). Each asks the browser, puts the answer into its hidden field and sends the form.
(() => {
  const bytes = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
  };
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const field = (name) => document.querySelector(`[name="${name}"]`);
  const read = (options) => (typeof options === "string" ? JSON.parse(options) : structuredClone(options));
  const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  let waiting; // a conditional request that another one has to end first

  function send(name, credential, names) {
    const { id, type, rawId, response, authenticatorAttachment } = credential;
    const answer = {};
    for (const part of names) if (response[part]) answer[part] = text(response[part]);
    if (response.getTransports) answer.transports = response.getTransports();
    const extensions = credential.getClientExtensionResults();
    const input = field(name);
    input.value = JSON.stringify({
      id, type, rawId: text(rawId), authenticatorAttachment, response: answer,
      clientExtensionResults: extensions.credProps ? { credProps: extensions.credProps } : {},
    });
    input.form.submit();
  }

  async function create(options, name) {
    waiting?.abort();
    const { publicKey } = read(options);
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.user.id = bytes(publicKey.user.id);
    publicKey.excludeCredentials = ids(publicKey.excludeCredentials);
    const credential = await navigator.credentials.create({ publicKey });
    send(name, credential, ["attestationObject", "clientDataJSON"]);
  }

  async function get(options, name, more) {
    waiting?.abort();
    const { publicKey } = read(options);
    publicKey.challenge = bytes(publicKey.challenge);
    publicKey.allowCredentials = ids(publicKey.allowCredentials);
    const credential = await navigator.credentials.get({ publicKey, ...more });
    send(name, credential, ["authenticatorData", "clientDataJSON", "signature", "userHandle"]);
  }

  window.oryWebAuthnRegistration = (options) => create(options, "webauthn_register");
  window.oryWebAuthnLogin = (options) => get(options, "webauthn_login");
  window.oryPasskeyLogin = () => get(field("passkey_challenge").value, "passkey_login");
  window.oryPasskeyLoginAutocompleteInit = async () => {
    const able = window.PublicKeyCredential?.isConditionalMediationAvailable;
    if (!able || !(await PublicKeyCredential.isConditionalMediationAvailable())) return;
    const controller = new AbortController();
    const more = { mediation: "conditional", signal: controller.signal };
    try {
      const asked = get(field("passkey_challenge").value, "passkey_login", more);
      waiting = controller;
      await asked;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  };
  window.oryPasskeyRegistration = () => {
    const data = JSON.parse(field("passkey_create_data").value);
    const named = data.displayNameFieldName && field(data.displayNameFieldName);
    const user = data.credentialOptions.publicKey.user;
    if (named?.value) user.name = user.displayName = named.value;
    return create(data.credentialOptions, "passkey_register");
  };
  window.oryPasskeySettingsRegistration = () =>
    create(field("passkey_create_data").value, "passkey_settings_register");
})();
