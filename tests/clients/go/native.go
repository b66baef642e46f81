package main

import (
	"strings"
	"time"

	ory "github.com/ory/client-go"
)

// Flows of a native client: tokens, no cookies.
var native = []claim{
	{"a flow has a form, a state and its times", func() {
		flow := taken(open.CreateNativeLoginFlow(ctx).Execute())
		equal(flow.Type, "api")
		equal(string(flow.State), "choose_method")
		equal(flow.GetRequestedAal(), ory.AUTHENTICATORASSURANCELEVEL_AAL1)
		equal(flow.ExpiresAt.Sub(flow.IssuedAt), time.Hour)
		equal(input(flow.Ui, "identifier").GetRequired(), true)
		equal(taken(open.GetLoginFlow(ctx).Id(flow.Id).Execute()).Id, flow.Id)
	}},
	{"registration refuses field by field and then opens a session", func() {
		flow := taken(open.CreateNativeRegistrationFlow(ctx).Execute())
		email := address()
		submit := func(password string) ory.FrontendAPIUpdateRegistrationFlowRequest {
			method := ory.NewUpdateRegistrationFlowWithPasswordMethod(
				"password", password, map[string]any{"email": email, "age": 42})
			return open.UpdateRegistrationFlow(ctx).Flow(flow.Id).UpdateRegistrationFlowBody(
				ory.UpdateRegistrationFlowWithPasswordMethodAsUpdateRegistrationFlowBody(method))
		}
		short := read[ory.RegistrationFlow](refused(submit("1234567").Execute())(400))
		equal(messages(short.Ui), []int64{4000032})
		done := taken(submit(password).Execute())
		check(strings.HasPrefix(done.GetSessionToken(), "ory_st_"), "%s", done.GetSessionToken())
		equal(done.Session.GetActive(), true)
		verification := 0
		for _, next := range done.ContinueWith {
			if next.ContinueWithVerificationUi != nil {
				equal(next.ContinueWithVerificationUi.Flow.VerifiableAddress, email)
				verification++
			}
		}
		equal(verification, 1)
		equal(session(done.GetSessionToken()).Identity.Id, done.Identity.Id)
	}},
	{"a session tells who, how and until when", func() {
		email, id := person()
		known := session(token(email))
		equal(known.GetAuthenticatorAssuranceLevel(), ory.AUTHENTICATORASSURANCELEVEL_AAL1)
		equal(len(known.AuthenticationMethods), 1)
		equal(known.AuthenticationMethods[0].GetMethod(), "password")
		check(time.Since(known.AuthenticationMethods[0].GetCompletedAt()) < time.Minute, "too long ago")
		check(known.GetExpiresAt().After(time.Now()), "expired")
		equal(known.Identity.Id, id)
		equal(known.Identity.GetState(), "active")
		equal(known.Identity.Traits, any(map[string]any{"email": email}))
		equal(known.Identity.VerifiableAddresses[0].Via, "email")
		equal(len(known.Devices), 1)
	}},
	{"nobody and wrong passwords are refused", func() {
		errorID(refused(open.ToSession(ctx).Execute())(401), 401)
		errorID(refused(open.ToSession(ctx).XSessionToken("ory_st_nonsense").Execute())(401), 401)
		email, _ := person()
		flow := read[ory.LoginFlow](refused(signIn(email, "not-the-right-one"))(400))
		equal(messages(flow.Ui), []int64{4000006})
	}},
	{"an authenticator app is asked for at the next login", func() {
		email, _ := person()
		first := token(email)
		secret := enrol(first)
		equal(session(first).GetAuthenticatorAssuranceLevel(), ory.AUTHENTICATORASSURANCELEVEL_AAL2)
		second := token(email)
		missing := refused(open.ToSession(ctx).XSessionToken(second).Execute())(403)
		equal(errorID(missing, 403), "session_aal2_required")
		flow := taken(open.CreateNativeLoginFlow(ctx).Aal("aal2").XSessionToken(second).Execute())
		submit := func(code string) ory.FrontendAPIUpdateLoginFlowRequest {
			return open.UpdateLoginFlow(ctx).Flow(flow.Id).XSessionToken(second).
				UpdateLoginFlowBody(withTotp(code, nil))
		}
		wrong := read[ory.LoginFlow](refused(submit("000000").Execute())(400))
		equal(messages(wrong.Ui), []int64{4000008})
		equal(taken(submit(totp(secret, 1)).Execute()).GetSessionToken(), second)
		methods := session(second).AuthenticationMethods
		equal([]string{methods[0].GetMethod(), methods[1].GetMethod()}, []string{"password", "totp"})
	}},
	{"a recovery code is used once", func() {
		email, _ := person()
		first := token(email)
		flow := taken(open.CreateNativeSettingsFlow(ctx).XSessionToken(first).Execute())
		lookup := func(set func(*ory.UpdateSettingsFlowWithLookupMethod)) *ory.SettingsFlow {
			method := ory.NewUpdateSettingsFlowWithLookupMethod("lookup_secret")
			set(method)
			body := ory.UpdateSettingsFlowWithLookupMethodAsUpdateSettingsFlowBody(method)
			return change(first, flow.Id, body)
		}
		made := lookup(func(it *ory.UpdateSettingsFlowWithLookupMethod) { it.SetLookupSecretRegenerate(true) })
		secrets := text(made.Ui, "lookup_secret_codes").Context["secrets"].([]any)
		code := secrets[0].(map[string]any)["text"].(string)
		done := lookup(func(it *ory.UpdateSettingsFlowWithLookupMethod) { it.SetLookupSecretConfirm(true) })
		equal(string(done.State), "success")
		second := token(email)
		use := func() ory.FrontendAPIUpdateLoginFlowRequest {
			flow := taken(open.CreateNativeLoginFlow(ctx).Aal("aal2").Refresh(true).XSessionToken(second).Execute())
			method := ory.NewUpdateLoginFlowWithLookupSecretMethod(code, "lookup_secret")
			return open.UpdateLoginFlow(ctx).Flow(flow.Id).XSessionToken(second).UpdateLoginFlowBody(
				ory.UpdateLoginFlowWithLookupSecretMethodAsUpdateLoginFlowBody(method))
		}
		taken(use().Execute())
		again := read[ory.LoginFlow](refused(use().Execute())(400))
		equal(messages(again.Ui), []int64{4000012})
	}},
	{"other sessions are listed and ended", func() {
		email, _ := person()
		one, _, mine := token(email), token(email), token(email)
		equal(len(taken(open.ListMySessions(ctx).XSessionToken(mine).Execute())), 2)
		_, err := open.DisableMySession(ctx, session(one).Id).XSessionToken(mine).Execute()
		check(err == nil, "%v", err)
		refused(open.ToSession(ctx).XSessionToken(one).Execute())(401)
		rest := taken(open.DisableMyOtherSessions(ctx).XSessionToken(mine).Execute())
		equal(rest.GetCount(), int64(1))
		body := *ory.NewPerformNativeLogoutBody(mine)
		_, err = open.PerformNativeLogout(ctx).PerformNativeLogoutBody(body).Execute()
		check(err == nil, "%v", err)
		errorID(refused(open.ToSession(ctx).XSessionToken(mine).Execute())(401), 401)
	}},
	{"a profile is changed", func() {
		email, _ := person()
		mine := token(email)
		flow := taken(open.CreateNativeSettingsFlow(ctx).XSessionToken(mine).Execute())
		traits := map[string]any{"email": email, "nick": "Addie"}
		method := ory.NewUpdateSettingsFlowWithProfileMethod("profile", traits)
		done := change(mine, flow.Id, ory.UpdateSettingsFlowWithProfileMethodAsUpdateSettingsFlowBody(method))
		equal(done.Identity.Traits, any(traits))
		equal(messages(done.Ui), []int64{1050001})
	}},
}
