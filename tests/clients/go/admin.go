package main

import (
	"net/url"
	"regexp"

	ory "github.com/ory/client-go"
)

// The administration.
var admin = []claim{
	{"an identity is made with what was imported", func() {
		email := address()
		body := ory.NewCreateIdentityBody("person", map[string]any{"email": email})
		body.SetCredentials(credentials(password))
		body.SetExternalId("ext-" + email)
		body.SetMetadataAdmin(map[string]any{"note": "imported"})
		made, response, err := people.CreateIdentity(ctx).CreateIdentityBody(*body).Execute()
		check(err == nil, "%v", err)
		equal(response.StatusCode, 201)
		found := taken(people.GetIdentityByExternalID(ctx, "ext-"+email).Execute())
		equal(found.Id, made.Id)
		equal(found.MetadataAdmin, map[string]any{"note": "imported"})
		check(!found.GetUpdatedAt().Before(found.GetCreatedAt()), "updated before it was made")
		whole := taken(people.GetIdentity(ctx, made.Id).IncludeCredential([]string{"password"}).Execute())
		one := (*whole.Credentials)["password"]
		equal(one.Identifiers, []string{email})
		check(one.Config["hashed_password"] != nil, "no hash")
		equal(taken(signIn(email, password)).Session.GetActive(), true)
		again := refused(people.CreateIdentity(ctx).CreateIdentityBody(*body).Execute())(409)
		errorID(again, 409)
	}},
	{"identities are listed page by page", func() {
		seen := map[string]bool{}
		wanted := [3]string{}
		for at := range wanted {
			_, wanted[at] = person()
		}
		request := people.ListIdentities(ctx).PageSize(2)
		for {
			page, response, err := request.Execute()
			check(err == nil && len(page) <= 2, "%v", err)
			for _, one := range page {
				seen[one.Id] = true
			}
			next := regexp.MustCompile(`<([^>]*)>; *rel="next"`).FindStringSubmatch(response.Header.Get("Link"))
			if next == nil {
				break
			}
			following, _ := url.Parse(next[1])
			request = request.PageToken(following.Query().Get("page_token"))
		}
		for _, id := range wanted {
			check(seen[id], "%s is on no page", id)
		}
	}},
	{"an identity is patched, replaced and deleted", func() {
		email, id := person()
		add := ory.NewJsonPatch("add", "/traits/nick")
		add.Value = "Addie"
		patched := taken(people.PatchIdentity(ctx, id).JsonPatch([]ory.JsonPatch{*add}).Execute())
		equal(patched.Traits, any(map[string]any{"email": email, "nick": "Addie"}))
		body := ory.NewUpdateIdentityBody("person", "inactive", map[string]any{"email": email})
		equal(taken(people.UpdateIdentity(ctx, id).UpdateIdentityBody(*body).Execute()).GetState(), "inactive")
		disabled := read[ory.LoginFlow](refused(signIn(email, password))(400))
		equal(messages(disabled.Ui), []int64{4010011})
		_, err := people.DeleteIdentity(ctx, id).Execute()
		check(err == nil, "%v", err)
		errorID(refused(people.GetIdentity(ctx, id).Execute())(404), 404)
	}},
	{"a second factor is taken away", func() {
		email, id := person()
		enrol(token(email))
		_, err := people.DeleteIdentityCredentials(ctx, id, "totp").Execute()
		check(err == nil, "%v", err)
		level := session(token(email)).GetAuthenticatorAssuranceLevel()
		equal(level, ory.AUTHENTICATORASSURANCELEVEL_AAL1)
		errorID(refusedPlainly(people.DeleteIdentityCredentials(ctx, id, "totp").Execute())(404), 404)
	}},
	{"sessions are listed, extended and ended", func() {
		email, id := person()
		mine := token(email)
		listed := taken(people.ListIdentitySessions(ctx, id).Execute())
		equal(len(listed), 1)
		one := taken(people.GetSession(ctx, listed[0].Id).Expand([]string{"identity", "devices"}).Execute())
		equal(one.Identity.Id, id)
		taken(people.ExtendSession(ctx, one.Id).Execute())
		_, err := people.DisableSession(ctx, one.Id).Execute()
		check(err == nil, "%v", err)
		refused(open.ToSession(ctx).XSessionToken(mine).Execute())(401)
	}},
	{"schemas are told as they are", func() {
		list := taken(people.ListIdentitySchemas(ctx).Execute())
		equal(list[0].Id, "person")
		schema := taken(people.GetIdentitySchema(ctx, "person").Execute())
		equal(schema["title"], any("Person"))
	}},
}
