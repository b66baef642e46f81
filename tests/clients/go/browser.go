package main

import (
	"encoding/json"
	"strings"

	ory "github.com/ory/client-go"
)

// Flows of a single-page application: cookies and JSON.
var browser = []claim{
	{"a browser takes the second step and signs out", func() {
		email, _ := person()
		secret := enrol(token(email))
		app := aBrowser()
		flow := taken(app.CreateBrowserLoginFlow(ctx).Execute())
		submit := func(flow *ory.LoginFlow, body ory.UpdateLoginFlowBody) ory.FrontendAPIUpdateLoginFlowRequest {
			return app.UpdateLoginFlow(ctx).Flow(flow.Id).UpdateLoginFlowBody(body)
		}
		wrong := "wrong"
		forged := refused(submit(flow, withPassword(email, password, &wrong)).Execute())(403)
		equal(errorID(forged, 403), "security_csrf_violation")
		next := refused(submit(flow, withPassword(email, password, csrf(flow.Ui))).Execute())(422)
		var elsewhere map[string]any
		check(json.Unmarshal(next, &elsewhere) == nil, "%s", next)
		check(strings.Contains(elsewhere["redirect_browser_to"].(string), "aal=aal2"), "%s", next)
		equal(errorID(refused(app.ToSession(ctx).Execute())(403), 403), "session_aal2_required")
		second := taken(app.CreateBrowserLoginFlow(ctx).Aal("aal2").Execute())
		done := taken(submit(second, withTotp(totp(secret, 1), csrf(second.Ui))).Execute())
		level := done.Session.GetAuthenticatorAssuranceLevel()
		equal(level, ory.AUTHENTICATORASSURANCELEVEL_AAL2)
		equal(taken(app.ToSession(ctx).Execute()).Id, done.Session.Id)
		logout := taken(app.CreateBrowserLogoutFlow(ctx).Execute())
		check(strings.Contains(logout.LogoutUrl, logout.LogoutToken), "%s", logout.LogoutUrl)
		_, err := app.UpdateLogoutFlow(ctx).Token(logout.LogoutToken).Execute()
		check(err == nil, "%v", err)
		refused(app.ToSession(ctx).Execute())(401)
	}},
	{"a flow belongs to the browser that opened it", func() {
		app := aBrowser()
		flow := taken(app.CreateBrowserLoginFlow(ctx).ReturnTo("http://127.0.0.1:4455/app").Execute())
		equal(flow.GetReturnTo(), "http://127.0.0.1:4455/app")
		equal(taken(app.GetLoginFlow(ctx).Id(flow.Id).Execute()).Id, flow.Id)
		stranger := refused(aBrowser().GetLoginFlow(ctx).Id(flow.Id).Execute())(403)
		equal(errorID(stranger, 403), "security_csrf_violation")
		evil := refused(aBrowser().CreateBrowserLoginFlow(ctx).ReturnTo("https://evil.example/").Execute())(400)
		equal(errorID(evil, 400), "self_service_flow_return_to_forbidden")
	}},
}
