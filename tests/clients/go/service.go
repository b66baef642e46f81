package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"reflect"
	"regexp"
	"time"

	ory "github.com/ory/client-go"
)

const password = "tangerine-Lighthouse-42"

var (
	ctx        = context.Background()
	public     = client("KRATOS_PUBLIC_URL", http.DefaultClient)
	open       = public.FrontendAPI
	management = client("KRATOS_ADMIN_URL", http.DefaultClient)
	people     = management.IdentityAPI
)

func client(variable string, transport *http.Client) *ory.APIClient {
	configuration := ory.NewConfiguration()
	configuration.Servers = ory.ServerConfigurations{{URL: os.Getenv(variable)}}
	configuration.HTTPClient = transport
	return ory.NewAPIClient(configuration)
}

// The public API as a browser calls it, with a jar of its own.
func aBrowser() ory.FrontendAPI {
	jar, _ := cookiejar.New(nil)
	return client("KRATOS_PUBLIC_URL", &http.Client{Jar: jar}).FrontendAPI
}

func check(holds bool, what string, values ...any) {
	if !holds {
		panic(fmt.Sprintf(what, values...))
	}
}

func equal(got, want any) {
	check(reflect.DeepEqual(got, want), "%#v instead of %#v", got, want)
}

// What came of a call that must be taken.
func taken[T any](value T, _ *http.Response, err error) T {
	if err != nil {
		var refusal *ory.GenericOpenAPIError
		if errors.As(err, &refusal) {
			panic(fmt.Sprintf("%v: %s", err, refusal.Body()))
		}
		panic(err)
	}
	return value
}

// The body of an answer that must be a refusal with this status.
func refused[T any](_ T, response *http.Response, err error) func(status int) []byte {
	return func(status int) []byte {
		var refusal *ory.GenericOpenAPIError
		check(errors.As(err, &refusal), "not refused with %d: %v", status, err)
		check(response.StatusCode == status, "%d instead of %d: %s", response.StatusCode, status, refusal.Body())
		return refusal.Body()
	}
}

// The same of a call that returns nothing.
func refusedPlainly(response *http.Response, err error) func(status int) []byte {
	return refused[any](nil, response, err)
}

// The id of a refusal in the shape of an error.
func errorID(body []byte, code int64) string {
	var generic ory.ErrorGeneric
	check(json.Unmarshal(body, &generic) == nil, "no error: %s", body)
	equal(generic.Error.AdditionalProperties["code"], any(float64(code)))
	return generic.Error.GetId()
}

func read[T any](body []byte) *T {
	value := new(T)
	err := json.Unmarshal(body, value)
	check(err == nil, "%v in %s", err, body)
	return value
}

func messages(ui ory.UiContainer) (ids []int64) {
	for _, message := range ui.Messages {
		ids = append(ids, message.Id)
	}
	for _, node := range ui.Nodes {
		for _, message := range node.Messages {
			ids = append(ids, message.Id)
		}
	}
	return ids
}

func input(ui ory.UiContainer, name string) *ory.UiNodeInputAttributes {
	for _, node := range ui.Nodes {
		if it := node.Attributes.UiNodeInputAttributes; it != nil && it.Name == name {
			return it
		}
	}
	panic("no node " + name)
}

func text(ui ory.UiContainer, id string) ory.UiText {
	for _, node := range ui.Nodes {
		if it := node.Attributes.UiNodeTextAttributes; it != nil && it.Id == id {
			return it.Text
		}
	}
	panic("no text " + id)
}

func csrf(ui ory.UiContainer) *string {
	value := input(ui, "csrf_token").Value.(string)
	return &value
}

// The code of a secret, `later` steps of 30 seconds from now.
func totp(secret string, later int64) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	check(err == nil, "%v", err)
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+later)
	sum := mac.Sum(nil)
	number := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", number%1_000_000)
}

func address() string {
	bytes := make([]byte, 8)
	_, _ = rand.Read(bytes)
	return "go-" + hex.EncodeToString(bytes) + "@clients.example"
}

// Somebody with a password, made by the administration.
func person() (email, id string) {
	email = address()
	body := ory.NewCreateIdentityBody("person", map[string]any{"email": email})
	body.SetCredentials(credentials(password))
	return email, taken(people.CreateIdentity(ctx).CreateIdentityBody(*body).Execute()).Id
}

func credentials(password string) (made ory.IdentityWithCredentials) {
	var config ory.IdentityWithCredentialsPasswordConfig
	config.SetPassword(password)
	var one ory.IdentityWithCredentialsPassword
	one.SetConfig(config)
	made.SetPassword(one)
	return made
}

func withPassword(email, password string, csrf *string) ory.UpdateLoginFlowBody {
	method := ory.NewUpdateLoginFlowWithPasswordMethod(email, "password", password)
	method.CsrfToken = csrf
	return ory.UpdateLoginFlowWithPasswordMethodAsUpdateLoginFlowBody(method)
}

func withTotp(code string, csrf *string) ory.UpdateLoginFlowBody {
	method := ory.NewUpdateLoginFlowWithTotpMethod("totp", code)
	method.CsrfToken = csrf
	return ory.UpdateLoginFlowWithTotpMethodAsUpdateLoginFlowBody(method)
}

// Signs in with a password as a native client does.
func signIn(email, password string) (*ory.SuccessfulNativeLogin, *http.Response, error) {
	flow := taken(open.CreateNativeLoginFlow(ctx).Execute())
	return open.UpdateLoginFlow(ctx).Flow(flow.Id).
		UpdateLoginFlowBody(withPassword(email, password, nil)).Execute()
}

func token(email string) string {
	return taken(signIn(email, password)).GetSessionToken()
}

func session(token string) *ory.Session {
	return taken(open.ToSession(ctx).XSessionToken(token).Execute())
}

func change(token, flow string, body ory.UpdateSettingsFlowBody) *ory.SettingsFlow {
	return taken(open.UpdateSettingsFlow(ctx).Flow(flow).XSessionToken(token).
		UpdateSettingsFlowBody(body).Execute())
}

// Sets up an authenticator app and gives its secret.
func enrol(token string) string {
	flow := taken(open.CreateNativeSettingsFlow(ctx).XSessionToken(token).Execute())
	secret := text(flow.Ui, "totp_secret_key").Text
	method := ory.NewUpdateSettingsFlowWithTotpMethod("totp")
	method.SetTotpCode(totp(secret, 0))
	done := change(token, flow.Id, ory.UpdateSettingsFlowWithTotpMethodAsUpdateSettingsFlowBody(method))
	equal(string(done.State), "success")
	return secret
}

// A person's newest mail of a kind, once it is there.
func mailTo(email, template string) ory.Message {
	for range 100 {
		list := taken(management.CourierAPI.ListCourierMessages(ctx).Recipient(email).Execute())
		for _, mail := range list {
			if mail.TemplateType == template {
				return mail
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	panic("no " + template + " to " + email)
}

func digits(mail ory.Message) string {
	return regexp.MustCompile(`\b\d{6}\b`).FindString(mail.Body)
}
