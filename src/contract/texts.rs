//! The sentences of forms, by Kratos' message ids.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Message;

macro_rules! sentences {
    ($($kind:ident $name:ident $id:literal $text:literal;)*) => {
        $(
            #[doc = concat!("Message ", stringify!($id), ": ", $text)]
            #[must_use]
            pub fn $name() -> Message {
                Message::$kind($id, $text)
            }
        )*
    };
}

sentences! {
    info sign_in_again_button 1010001 "Sign in";
    info confirm_it_is_you 1010003 "Confirm that it is you.";
    info second_factor_please 1010004 "Confirm it with your second factor.";
    info totp_code_label 1010006 "Code from your authenticator app";
    info lookup_secret_label 1010007 "Backup code";
    info use_security_key 1010008 "Use a security key";
    info use_totp 1010009 "Use the authenticator app";
    info login_code_sent 1010014 "If there is an account with this address, a code was sent to it. Enter the code to sign in.";
    info send_login_code 1010015 "Send me a code";
    info prepare_your_key 1010012 "Have your security key at hand: plug it in, or hold it to your device, and go on.";
    info continue_with_key 1010013 "Continue";
    info use_passkey 1010021 "Sign in with a passkey";
    info use_lookup_secret 1010010 "Use the backup code";
    info sign_in_with_password 1010022 "Sign in with the password";
    info second_factor_code_sent 1010025 "A code was sent to you. Enter it to go on.";
    info sign_up 1040001 "Sign up";
    info continue_sign_up 1040003 "Continue";
    info registration_code_sent 1040005 "A code was sent to the address you gave. Enter it to finish signing up.";
    info sign_up_with_code 1040006 "Sign up with a code";
    info sign_up_with_key 1040004 "Sign up with a security key";
    info sign_up_with_passkey 1040007 "Sign up with a passkey";
    info back 1040008 "Back";
    info choose_credential 1040009 "Choose how you want to sign in from now on.";
    success changes_saved 1050001 "Your changes are saved.";
    info unlink_totp 1050004 "Remove the authenticator app";
    info totp_qr_label 1050005 "QR code for your authenticator app";
    info reveal_lookup_secrets 1050007 "Show the backup codes";
    info regenerate_lookup_secrets 1050008 "Make new backup codes";
    info lookup_secrets_label 1050010 "These are your backup codes. Keep them in a safe place.";
    info confirm_lookup_secrets 1050011 "I have kept the backup codes";
    info add_security_key 1050012 "Add a security key";
    info security_key_name 1050013 "Name of the security key";
    info add_passkey 1050019 "Add a passkey";
    info disable_lookup_secrets 1050016 "Switch the backup codes off";
    info totp_secret_label 1050017 "Secret for your authenticator app; enter it there if you cannot scan the QR code";
    info recovery_link_sent 1060002 "If there is an account with this address, a link to it was sent there.";
    info recovery_code_sent 1060003 "If there is an account with this address, a code was sent there. Enter it here.";
    info recovery_full_address 1060005 "Enter the whole address to show that you know it.";
    info recovery_choose_address 1060006 "Choose where the code is to be sent.";
    info recovery_back 1060007 "Back";
    info password_label 1070001 "Password";
    info save 1070003 "Save";
    info identifier_label 1070004 "Identifier";
    info verify_code_label 1070006 "Code that the app shows";
    info email_label 1070007 "E-mail address";
    info resend_code 1070008 "Send another code";
    info continue_button 1070009 "Continue";
    info recovery_code_label 1070010 "Recovery code";
    info verification_code_label 1070011 "Verification code";
    info registration_code_label 1070012 "Code from the mail";
    info login_code_label 1070013 "Code from the mail";
    info recovery_address_label 1070016 "Address of the account";
    info phone_label 1070017 "Telephone number";
    info email_or_phone_label 1070018 "E-mail address or telephone number";
    info verification_link_sent 1080001 "If this address is to be verified, a link was sent to it.";
    success verified 1080002 "This address is verified.";
    info verification_code_sent 1080003 "If this address is to be verified, a code was sent to it. Enter it here.";
    info verification_text_sent 1080004 "If this number is to be verified, a code was sent to it. Enter it here.";
    success phone_verified 1080005 "This number is verified.";
    error invalid_credentials 4000006 "This account and password do not match. Check both and try again.";
    error duplicate_credentials 4000007 "There is an account with these details already. Sign in instead.";
    error totp_wrong 4000008 "This code is not right. Check that your device has the right time and try the next code.";
    error no_identifier 4000009 "No identifier was found that could be used to sign in.";
    error address_not_verified 4000010 "Your address is not verified yet. Open the link or enter the code that was sent to it.";
    error no_totp 4000011 "No authenticator app is set up for this account.";
    error lookup_secret_used 4000012 "This backup code was used already. Take another one.";
    error no_security_key 4000013 "No security key is set up for this account.";
    error no_key_account 4000015 "There is no account that signs in with this security key or passkey.";
    error key_wrong 4000043 "The security key or passkey was not accepted.";
    error no_lookup_secrets 4000014 "No backup codes are set up for this account.";
    error lookup_secret_wrong 4000016 "This backup code is not right.";
    error password_like_identifier 4000031 "This password is too much like your identifier. Choose another one.";
    error password_breached 4000034 "This password is known from data leaks. Choose another one.";
    error no_code_account 4000035 "There is no account with this address, or it does not sign in with a code.";
    error traits_changed 4000036 "What you entered was changed after the code was sent. Please start again.";
    error account_not_found 4000037 "There is no account with this identifier. Check it or sign up.";
    error password_not_new 4000039 "This is your password already. Choose another one.";
    error login_method_missing 4010002 "This form does not say how to sign in. Choose a way and try again.";
    error registration_method_missing 4010003 "This form does not say how to sign up. Choose a way and try again.";
    error settings_method_missing 4010004 "This form does not say what to change. Choose it and try again.";
    error recovery_method_missing 4010005 "This form does not say how to recover the account. Enter an address and try again.";
    error verification_method_missing 4010006 "This form does not say what to verify. Enter an address and try again.";
    error login_code_wrong 4010008 "This code is not right, too old, or was used already. Try again.";
    error linked_to_another 4010009 "This is not the account that the provider's address belongs to. Sign in to that one.";
    error identity_disabled 4010011 "This account is switched off.";
    error registration_code_wrong 4040003 "This code is not right, too old, or was used already. Try again.";
    error recovery_retry 4060001 "This form was used already. Please start again.";
    error recovery_state 4060002 "This form can not go on from here. Please start again.";
    error recovery_link_used 4060004 "This link is not right, too old, or was used already. Ask for another one.";
    error recovery_code_wrong 4060006 "This code is not right, too old, or was used already. Try again.";
    error verification_link_used 4070001 "This link is not right, too old, or was used already. Ask for another one.";
    error verification_retry 4070002 "This form was used already. Please start again.";
    error verification_code_wrong 4070006 "This code is not right, too old, or was used already. Try again.";
}

/// Message 1050006: a TOTP secret to type in.
#[must_use]
pub fn totp_secret(secret: &str) -> Message {
    Message::info(1_050_006, secret).with(json!({ "secret": secret }))
}

/// Message 1050009: a backup code that still counts.
#[must_use]
pub fn lookup_secret(code: &str) -> Message {
    Message::info(1_050_009, code).with(json!({ "secret": code }))
}

/// Message 1050014: a backup code that was used.
#[must_use]
pub fn lookup_secret_spent(at: Timestamp) -> Message {
    Message::info(1_050_014, format!("Used on {at}."))
        .with(json!({ "used_at": at, "used_at_unix": at.as_second() }))
}

/// Message 1050015: all backup codes; what was used is only said to be.
#[must_use]
pub fn lookup_secrets(codes: &[(&str, Option<Timestamp>)]) -> Message {
    let words: Vec<&str> = codes
        .iter()
        .map(|&(code, used_at)| if used_at.is_some() { "used" } else { code })
        .collect();
    let each: Vec<Message> = codes
        .iter()
        .map(|&(code, used_at)| used_at.map_or_else(|| lookup_secret(code), lookup_secret_spent))
        .collect();
    Message::info(1_050_015, words.join(", ")).with(json!({ "secrets": each }))
}

/// Message 1050018: takes away the security key of this name.
#[must_use]
pub fn remove_security_key(name: &str, added_at: Option<Timestamp>) -> Message {
    remove_key(1_050_018, "security key", name, added_at)
}

/// Message 1050020: takes away the passkey of this name.
#[must_use]
pub fn remove_passkey(name: &str, added_at: Option<Timestamp>) -> Message {
    remove_key(1_050_020, "passkey", name, added_at)
}

fn remove_key(id: u32, what: &str, name: &str, added_at: Option<Timestamp>) -> Message {
    let at = added_at.unwrap_or(Timestamp::UNIX_EPOCH);
    Message::info(id, format!("Remove the {what} \"{name}\"")).with(json!({
        "display_name": name,
        "added_at": at,
        "added_at_unix": at.as_second(),
    }))
}

/// Message 4000001: a key that somebody has enrolled already.
#[must_use]
pub fn key_known() -> Message {
    generic("This security key or passkey is enrolled already.")
}

/// Message 4000001: an answer to a challenge that was used.
#[must_use]
pub fn key_answer_late() -> Message {
    generic("This answer came too late or twice. Please try again.")
}

/// Message 4000001: what signs somebody in stays.
#[must_use]
pub fn last_first_factor() -> Message {
    generic("This is your last way to sign in. Set up another one before you remove it.")
}

/// Message 1010002: the button that signs in with a provider.
#[must_use]
pub fn sign_in_with(label: &str, id: &str) -> Message {
    let context = json!({ "provider": label, "provider_id": id });
    Message::info(1_010_002, format!("Sign in with {label}")).with(context)
}

/// Message 1040002: the button that signs up with a provider.
#[must_use]
pub fn sign_up_with(label: &str, id: &str) -> Message {
    let context = json!({ "provider": label, "provider_id": id });
    Message::info(1_040_002, format!("Sign up with {label}")).with(context)
}

/// Message 1050002: the button that links an account at a provider.
#[must_use]
pub fn link_provider(label: &str) -> Message {
    Message::info(1_050_002, format!("Link {label}")).with(json!({ "provider": label }))
}

/// Message 1050003: the button that takes that link away.
#[must_use]
pub fn unlink_provider(label: &str) -> Message {
    Message::info(1_050_003, format!("Unlink {label}")).with(json!({ "provider": label }))
}

/// Message 1010016: somebody came from a provider with the address of an account that is there.
#[must_use]
pub fn sign_in_to_link(identifier: &str, provider: &str) -> Message {
    let text = format!(
        "There is an account for {identifier} already. Sign in to it, and {provider} is linked."
    );
    Message::info(1_010_016, text).with(json!({
        "duplicateIdentifier": identifier,
        "duplicate_identifier": identifier,
        "provider": provider,
    }))
}

/// Message 1070002: a label taken from the identity schema.
#[must_use]
pub fn from_schema(title: &str, name: &str) -> Message {
    Message::info(1_070_002, title).with(json!({ "title": title, "name": name }))
}

/// Message 4000001: anything without a number of its own.
#[must_use]
pub fn generic(reason: &str) -> Message {
    Message::error(4_000_001, reason).with(json!({ "reason": reason }))
}

/// Message 4000002: a field is missing.
#[must_use]
pub fn required(property: &str) -> Message {
    Message::error(4_000_002, format!("Fill in {property}.")).with(json!({ "property": property }))
}

/// Message 4000003: a text is too short. Lengths in characters.
#[must_use]
pub fn min_length(min: u64, actual: u64) -> Message {
    let text = format!("Needs at least {min} characters, and has {actual}.");
    Message::error(4_000_003, text).with(json!({ "min_length": min, "actual_length": actual }))
}

/// Message 4000017: a text is too long. Lengths in characters.
#[must_use]
pub fn max_length(max: u64, actual: u64) -> Message {
    let text = format!("May have at most {max} characters, and has {actual}.");
    Message::error(4_000_017, text).with(json!({ "max_length": max, "actual_length": actual }))
}

/// Message 4000004: a text does not follow its pattern.
#[must_use]
pub fn invalid_format(pattern: &str) -> Message {
    Message::error(4_000_004, format!("Does not follow the pattern {pattern}."))
        .with(json!({ "pattern": pattern }))
}

/// Message 4000018: a number is too small.
#[must_use]
pub fn minimum(minimum: &Value, actual: &Value) -> Message {
    Message::error(4_000_018, format!("Must be {minimum} or more."))
        .with(json!({ "minimum": minimum, "actual": actual }))
}

/// Message 4000020: a number is too large.
#[must_use]
pub fn maximum(maximum: &Value, actual: &Value) -> Message {
    Message::error(4_000_020, format!("Must be {maximum} or less."))
        .with(json!({ "maximum": maximum, "actual": actual }))
}

/// Message 4000026: a value has another type.
#[must_use]
pub fn wrong_type(allowed: &[&str], actual: &str) -> Message {
    let text = format!("Must be {}, and is {actual}.", allowed.join(" or "));
    Message::error(4_000_026, text).with(json!({ "allowed_types": allowed, "actual_type": actual }))
}

/// Message 4000029: only one value is allowed.
#[must_use]
pub fn must_be(expected: &Value) -> Message {
    Message::error(4_000_029, format!("Must be {expected}.")).with(json!({ "expected": expected }))
}

/// Message 4000032: a password is too short. Lengths in bytes.
#[must_use]
pub fn password_too_short(min: u64, actual: u64) -> Message {
    let text = format!("The password needs at least {min} characters, and has {actual}.");
    Message::error(4_000_032, text).with(json!({ "min_length": min, "actual_length": actual }))
}

/// Message 4000033: a password is too long. Lengths in bytes.
#[must_use]
pub fn password_too_long(max: u64, actual: u64) -> Message {
    let text = format!("The password may have at most {max} characters, and has {actual}.");
    Message::error(4_000_033, text).with(json!({ "max_length": max, "actual_length": actual }))
}

/// Message 4000040: not an e-mail address.
#[must_use]
pub fn not_an_email(value: &str) -> Message {
    Message::error(
        4_000_040,
        "Enter an e-mail address, such as ada@example.org.",
    )
    .with(json!({ "value": value }))
}

/// Message 4000041: not a telephone number.
#[must_use]
pub fn not_a_phone_number(value: &str) -> Message {
    Message::error(4_000_041, "Enter a telephone number with its country code.")
        .with(json!({ "value": value }))
}

/// Message 4010001: the sign-in form expired.
#[must_use]
pub fn login_expired(at: Timestamp, now: Timestamp) -> Message {
    expired(4_010_001, "sign-in", at, now)
}

/// Message 4040001: the sign-up form expired.
#[must_use]
pub fn registration_expired(at: Timestamp, now: Timestamp) -> Message {
    expired(4_040_001, "sign-up", at, now)
}

/// Message 4050001: the settings form expired.
#[must_use]
pub fn settings_expired(at: Timestamp, now: Timestamp) -> Message {
    expired(4_050_001, "settings", at, now)
}

/// Message 4060005: the recovery form expired.
#[must_use]
pub fn recovery_expired(at: Timestamp, now: Timestamp) -> Message {
    expired(4_060_005, "recovery", at, now)
}

/// Message 4070005: the verification form expired.
#[must_use]
pub fn verification_expired(at: Timestamp, now: Timestamp) -> Message {
    expired(4_070_005, "verification", at, now)
}

/// Message 1010023: a button that sends a code to this address.
#[must_use]
pub fn code_to_address(address: &str, channel: &str) -> Message {
    let context = json!({ "address": address, "channel": channel });
    Message::info(1_010_023, format!("Send a code to {address}")).with(context)
}

/// Message 1060001: back in the account; until `until` everything there can be changed.
#[must_use]
pub fn recovered(until: Timestamp) -> Message {
    let text = "You are back in your account. Set a new password now.";
    Message::success(1_060_001, text).with(json!({
        "privileged_session_expires_at": until,
        "privileged_session_expires_at_unix": until.as_second(),
        "privilegedSessionExpiresAt": until,
    }))
}

/// Message 1060004: a code was sent to an address that is shown in part.
#[must_use]
pub fn recovery_code_sent_to(masked: &str) -> Message {
    let text = format!("If there is an account with this address, a code was sent to {masked}.");
    Message::info(1_060_004, text).with(json!({ "masked_address": masked }))
}

fn expired(id: u32, what: &str, at: Timestamp, now: Timestamp) -> Message {
    let ago = now.duration_since(at).as_secs().max(0);
    let minutes = ago / 60;
    let text = format!("The {what} form expired {minutes} minutes ago. Here is a new one.");
    Message::error(id, text).with(json!({ "expired_at": at, "expired_at_unix": at.as_second() }))
}
