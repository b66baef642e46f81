expires =
    Gültig für { $minutes ->
        [one] eine Minute
       *[other] { $minutes } Minuten
    }.

factor-password = ein Passwort
factor-totp = eine Authentifizierungs-App
factor-lookup-secret = Wiederherstellungscodes
factor-webauthn = ein Sicherheitsschlüssel
factor-passkey = ein Passkey
factor-code = ein Code per E-Mail
factor-oidc = ein Konto bei einem anderen Anbieter

recovery-valid-subject = Zugang zu Ihrem Konto wiederherstellen
recovery-valid-text = Jemand, vermutlich Sie selbst, möchte den Zugang zu Ihrem Konto wiederherstellen. Dieser Link führt Sie zurück in Ihr Konto und fragt nach einem neuen Passwort:
recovery-valid-button = Zugang wiederherstellen
recovery-valid-note = Sie waren das nicht? Dann müssen Sie nichts tun: Ohne diese E-Mail kommt niemand hinein.
recovery-valid-sms = Öffnen Sie den Link, um den Zugang zu Ihrem Konto wiederherzustellen.

recovery-invalid-subject = Versuchter Zugang zu einem Konto
recovery-invalid-text = Jemand wollte den Zugang zu einem Konto mit dieser Adresse wiederherstellen. Hier gibt es kein Konto mit dieser Adresse. Falls Sie es waren: Versuchen Sie es mit der Adresse, mit der Sie sich angemeldet haben.
recovery-invalid-note = Sie waren das nicht? Dann müssen Sie nichts tun.

recovery-code-valid-subject = Code { $code }: Zugang zu Ihrem Konto wiederherstellen
recovery-code-valid-text = Jemand, vermutlich Sie selbst, möchte den Zugang zu Ihrem Konto wiederherstellen. Geben Sie diesen Code dort ein, wo danach gefragt wurde:
recovery-code-valid-note = Nennen Sie diesen Code niemandem. Sie waren das nicht? Dann müssen Sie nichts tun: Ohne den Code kommt niemand hinein.
recovery-code-valid-sms = { $code } ist Ihr Code, um den Zugang zu Ihrem Konto wiederherzustellen. Nennen Sie ihn niemandem.

recovery-code-invalid-subject = Versuchter Zugang zu einem Konto
recovery-code-invalid-text = Jemand wollte den Zugang zu einem Konto mit dieser Adresse wiederherstellen. Hier gibt es kein Konto mit dieser Adresse. Falls Sie es waren: Versuchen Sie es mit der Adresse, mit der Sie sich angemeldet haben.
recovery-code-invalid-note = Sie waren das nicht? Dann müssen Sie nichts tun.

verification-valid-subject = Bitte bestätigen Sie Ihre E-Mail-Adresse
verification-valid-text = Bitte bestätigen Sie mit diesem Link, dass dies Ihre Adresse ist:
verification-valid-button = Adresse bestätigen
verification-valid-note = Sie haben bei uns kein Konto? Dann müssen Sie nichts tun: Jemand hat sich bei der Adresse vertippt.
verification-valid-sms = Öffnen Sie den Link, um Ihre Nummer zu bestätigen.

verification-invalid-subject = Jemand wollte diese E-Mail-Adresse bestätigen
verification-invalid-text = Jemand wollte diese Adresse bestätigen. Hier gibt es kein Konto mit dieser Adresse. Falls Sie es waren: Versuchen Sie es mit der Adresse, mit der Sie sich angemeldet haben.
verification-invalid-note = Sie waren das nicht? Dann müssen Sie nichts tun.

verification-code-valid-subject = Code { $code }: Ihr Konto bestätigen
verification-code-valid-text = Bitte bestätigen Sie, dass dies Ihre Adresse ist. Geben Sie diesen Code dort ein, wo danach gefragt wurde, oder öffnen Sie den Link:
verification-code-valid-button = Adresse bestätigen
verification-code-valid-note = Sie haben bei uns kein Konto? Dann müssen Sie nichts tun: Jemand hat sich bei der Adresse vertippt.
verification-code-valid-sms = { $code } ist Ihr Code, um Ihre Nummer zu bestätigen.

verification-code-invalid-subject = Jemand wollte diese E-Mail-Adresse bestätigen
verification-code-invalid-text = Jemand wollte diese Adresse bestätigen. Hier gibt es kein Konto mit dieser Adresse. Falls Sie es waren: Versuchen Sie es mit der Adresse, mit der Sie sich angemeldet haben.
verification-code-invalid-note = Sie waren das nicht? Dann müssen Sie nichts tun.

login-code-valid-subject = Code { $code } für Ihre Anmeldung
login-code-valid-text = Geben Sie diesen Code ein, um sich anzumelden:
login-code-valid-note = Nennen Sie diesen Code niemandem. Sie wollten sich nicht anmelden? Dann kennt vielleicht jemand Ihr Passwort: Ändern Sie es.
login-code-valid-sms = { $code } ist Ihr Code für die Anmeldung. Nennen Sie ihn niemandem.

registration-code-valid-subject = Code { $code }: Ihre Registrierung abschließen
registration-code-valid-text = Willkommen. Geben Sie diesen Code ein, um Ihre Registrierung abzuschließen:
registration-code-valid-note = Sie haben sich nicht registriert? Dann müssen Sie nichts tun: Jemand hat sich bei der Adresse vertippt.
registration-code-valid-sms = { $code } ist Ihr Code, um die Registrierung abzuschließen.

verifiable-address-changed-subject = Die Adresse Ihres Kontos wurde geändert
verifiable-address-changed-text = In Ihrem Konto steht jetzt eine andere Adresse anstelle von dieser.
verifiable-address-changed-note = Sie waren das nicht? Dann hat vielleicht jemand anderes Zugang zu Ihrem Konto: Melden Sie sich sofort beim Betreiber.

password-changed-subject = Ihr Passwort wurde geändert
password-changed-text = Das Passwort Ihres Kontos wurde gerade geändert.
password-changed-button = Einstellungen öffnen
password-changed-note = Sie waren das nicht? Dann stellen Sie sofort den Zugang zu Ihrem Konto wieder her und prüfen Sie, womit man sich sonst noch anmelden kann.

factor-added-subject = Zu Ihrem Konto kam ein Weg hinzu, sich anzumelden
factor-added-text = Das kam gerade zu Ihrem Konto hinzu: { $factor }.
factor-added-button = Einstellungen öffnen
factor-added-note = Sie waren das nicht? Dann ändern Sie sofort Ihr Passwort und entfernen Sie, was Sie nicht kennen.

factor-removed-subject = Aus Ihrem Konto wurde ein Weg entfernt, sich anzumelden
factor-removed-text = Das wurde gerade aus Ihrem Konto entfernt: { $factor }.
factor-removed-button = Einstellungen öffnen
factor-removed-note = Sie waren das nicht? Dann ändern Sie sofort Ihr Passwort und prüfen Sie, womit man sich sonst noch anmelden kann.

account-recovered-subject = Ihr Konto wurde wiederhergestellt
account-recovered-text = Jemand hat über diese Adresse den Zugang zu Ihrem Konto wiederhergestellt und ist jetzt angemeldet.
account-recovered-button = Einstellungen öffnen
account-recovered-note = Sie waren das nicht? Dann kann jemand Ihre E-Mails lesen: Sichern Sie zuerst Ihr Postfach und stellen Sie dann das Konto selbst wieder her.
