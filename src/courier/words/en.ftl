expires =
    It is valid for { $minutes ->
        [one] one minute
       *[other] { $minutes } minutes
    }.

factor-password = a password
factor-totp = an authenticator app
factor-lookup-secret = recovery codes
factor-webauthn = a security key
factor-passkey = a passkey
factor-code = a code by mail
factor-oidc = an account elsewhere

recovery-valid-subject = Recover access to your account
recovery-valid-text = Somebody, most likely you, asked to recover access to your account. This link lets you back in and asks you for a new password:
recovery-valid-button = Recover access
recovery-valid-note = It was not you? Then do nothing: without this mail nobody gets in.
recovery-valid-sms = Open this link to recover access to your account.

recovery-invalid-subject = Account access attempted
recovery-invalid-text = Somebody asked to recover access to an account with this address. There is no account with this address here. If it was you, try the address that you signed up with.
recovery-invalid-note = It was not you? Then there is nothing to do.

recovery-code-valid-subject = Use code { $code } to recover access to your account
recovery-code-valid-text = Somebody, most likely you, asked to recover access to your account. Enter this code where you were asked for it:
recovery-code-valid-note = Never tell this code to anyone. It was not you? Then do nothing: without the code nobody gets in.
recovery-code-valid-sms = { $code } is your code to recover access to your account. Never tell it to anyone.

recovery-code-invalid-subject = Account access attempted
recovery-code-invalid-text = Somebody asked to recover access to an account with this address. There is no account with this address here. If it was you, try the address that you signed up with.
recovery-code-invalid-note = It was not you? Then there is nothing to do.

verification-valid-subject = Please verify your email address
verification-valid-text = Please confirm that this is your address by opening this link:
verification-valid-button = Verify address
verification-valid-note = You have no account with us? Then do nothing: somebody mistyped their address.
verification-valid-sms = Open the link to verify your number.

verification-invalid-subject = Someone tried to verify this email address
verification-invalid-text = Somebody asked to verify this address. There is no account with this address here. If it was you, try the address that you signed up with.
verification-invalid-note = It was not you? Then there is nothing to do.

verification-code-valid-subject = Use code { $code } to verify your account
verification-code-valid-text = Please confirm that this is your address. Enter this code where you were asked for it, or open the link:
verification-code-valid-button = Verify address
verification-code-valid-note = You have no account with us? Then do nothing: somebody mistyped their address.
verification-code-valid-sms = { $code } is your code to verify your number.

verification-code-invalid-subject = Someone tried to verify this email address
verification-code-invalid-text = Somebody asked to verify this address. There is no account with this address here. If it was you, try the address that you signed up with.
verification-code-invalid-note = It was not you? Then there is nothing to do.

login-code-valid-subject = Use code { $code } to log in
login-code-valid-text = Enter this code to log in:
login-code-valid-note = Never tell this code to anyone. You did not try to log in? Then somebody may know your password: change it.
login-code-valid-sms = { $code } is your code to log in. Never tell it to anyone.

registration-code-valid-subject = Use code { $code } to complete your account registration
registration-code-valid-text = Welcome. Enter this code to complete your registration:
registration-code-valid-note = You did not sign up? Then do nothing: somebody mistyped their address.
registration-code-valid-sms = { $code } is your code to complete your registration.

verifiable-address-changed-subject = The address of your account was changed
verifiable-address-changed-text = Another address took the place of this one in your account.
verifiable-address-changed-note = It was not you? Then somebody else may have access to your account: tell the people who run this service at once.

password-changed-subject = Your password was changed
password-changed-text = The password of your account was just changed.
password-changed-button = Open your settings
password-changed-note = It was not you? Then recover access to your account at once, and check your other ways to sign in.

factor-added-subject = A way to sign in was added to your account
factor-added-text = This was just added to your account: { $factor }.
factor-added-button = Open your settings
factor-added-note = It was not you? Then change your password at once and remove what you do not know.

factor-removed-subject = A way to sign in was removed from your account
factor-removed-text = This was just removed from your account: { $factor }.
factor-removed-button = Open your settings
factor-removed-note = It was not you? Then change your password at once and check your other ways to sign in.

account-recovered-subject = Your account was recovered
account-recovered-text = Somebody used this address to recover access to your account and is signed in now.
account-recovered-button = Open your settings
account-recovered-note = It was not you? Then somebody can read your mail: secure your mailbox first, and then recover the account yourself.
