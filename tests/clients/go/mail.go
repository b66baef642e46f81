package main

import (
	"time"

	ory "github.com/ory/client-go"
)

// What needs a mailbox: verification and recovery.
var mail = []claim{
	{"an address is verified with the code of a mail", func() {
		email, id := person()
		flow := taken(open.CreateNativeVerificationFlow(ctx).Execute())
		submit := func(set func(*ory.UpdateVerificationFlowWithCodeMethod)) *ory.VerificationFlow {
			method := ory.NewUpdateVerificationFlowWithCodeMethod("code")
			set(method)
			return taken(open.UpdateVerificationFlow(ctx).Flow(flow.Id).UpdateVerificationFlowBody(
				ory.UpdateVerificationFlowWithCodeMethodAsUpdateVerificationFlowBody(method)).Execute())
		}
		sent := submit(func(it *ory.UpdateVerificationFlowWithCodeMethod) { it.SetEmail(email) })
		equal(messages(sent.Ui), []int64{1080003})
		code := digits(mailTo(email, "verification_code_valid"))
		submit(func(it *ory.UpdateVerificationFlowWithCodeMethod) { it.SetCode(code) })
		one := taken(people.GetIdentity(ctx, id).Execute()).VerifiableAddresses[0]
		equal(one.Verified, true)
		check(time.Since(one.GetVerifiedAt()) < time.Minute, "verified too long ago")
	}},
	{"an account is recovered with the code of a mail", func() {
		email, _ := person()
		flow := taken(open.CreateNativeRecoveryFlow(ctx).Execute())
		submit := func(set func(*ory.UpdateRecoveryFlowWithCodeMethod)) *ory.RecoveryFlow {
			method := ory.NewUpdateRecoveryFlowWithCodeMethod("code")
			set(method)
			return taken(open.UpdateRecoveryFlow(ctx).Flow(flow.Id).UpdateRecoveryFlowBody(
				ory.UpdateRecoveryFlowWithCodeMethodAsUpdateRecoveryFlowBody(method)).Execute())
		}
		submit(func(it *ory.UpdateRecoveryFlowWithCodeMethod) { it.SetEmail(email) })
		code := digits(mailTo(email, "recovery_code_valid"))
		done := submit(func(it *ory.UpdateRecoveryFlowWithCodeMethod) { it.SetCode(code) })
		var mine, settings string
		for _, next := range done.ContinueWith {
			if it := next.ContinueWithSetOrySessionToken; it != nil {
				mine = it.OrySessionToken
			}
			if it := next.ContinueWithSettingsUi; it != nil {
				settings = it.Flow.Id
			}
		}
		method := ory.NewUpdateSettingsFlowWithPasswordMethod("password", "recovered-Lighthouse-44")
		change(mine, settings, ory.UpdateSettingsFlowWithPasswordMethodAsUpdateSettingsFlowBody(method))
		taken(signIn(email, "recovered-Lighthouse-44"))
	}},
	{"a recovery code is handed out, and mails are read", func() {
		email, id := person()
		body := ory.NewCreateRecoveryCodeForIdentityBody(id)
		body.SetExpiresIn("1h")
		made := taken(people.CreateRecoveryCodeForIdentity(ctx).CreateRecoveryCodeForIdentityBody(*body).Execute())
		equal(len(made.RecoveryCode), 6)
		check(time.Until(made.GetExpiresAt()) > 50*time.Minute, "it ends too soon")
		flow := taken(open.CreateNativeRecoveryFlow(ctx).Execute())
		method := ory.NewUpdateRecoveryFlowWithCodeMethod("code")
		method.SetEmail(email)
		taken(open.UpdateRecoveryFlow(ctx).Flow(flow.Id).UpdateRecoveryFlowBody(
			ory.UpdateRecoveryFlowWithCodeMethodAsUpdateRecoveryFlowBody(method)).Execute())
		sent := mailTo(email, "recovery_code_valid")
		equal(sent.Type, ory.COURIERMESSAGETYPE_EMAIL)
		one := taken(management.CourierAPI.GetCourierMessage(ctx, sent.Id).Execute())
		equal(one.Subject, sent.Subject)
		nothing := management.CourierAPI.GetCourierMessage(ctx, "11111111-2222-4333-8444-555555555555")
		errorID(refused(nothing.Execute())(404), 404)
	}},
}
