//! From a refusal to the words for it: redirects for people, challenges for programs.

use std::time::Duration;

use http::header::REFERER;
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::loop_guard::{LoopGuard, Round, Ruling};
use super::return_to::ReturnTo;
use super::{Answer, Client, Config, Decided, ErrorId, Explanation, Keeping, Redirects, Resuming};
use crate::policy::{Ask, MethodSet, Outcome, Request, Rule, RuleSet};
use crate::whoami::{Credential, CredentialKind, Record};

/// Everything but RFC 3986's unreserved characters, so that a URL survives as one parameter of
/// another.
const PARAMETER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Who asked for what, as far as a refusal depends on it.
pub(super) struct Asker<'a> {
    pub(super) config: &'a Config,
    pub(super) loop_guard: &'a LoopGuard,
    pub(super) rules: &'a RuleSet,
    pub(super) rule: &'a Rule,
    pub(super) request: &'a Request,
    pub(super) headers: &'a HeaderMap,
    pub(super) session: Option<&'a Record>,
    /// The credential was replaced by a newer one of the same session moments ago.
    pub(super) superseded: bool,
    pub(super) credential: Option<&'a Credential>,
    /// The request waits: the way back leads to it.
    pub(super) resuming: Option<Resuming<'a>>,
    pub(super) redirects: Redirects,
}

/// An answer, and what it leaves with the client.
pub(super) struct Words {
    pub(super) answer: Answer,
    pub(super) decided: Decided,
    pub(super) set_cookie: Option<HeaderValue>,
}

impl Asker<'_> {
    pub(super) fn answer(&self, outcome: Outcome, now: Timestamp) -> Words {
        let client = Client::classify(self.headers);
        let (answer, decided, destination) = self.words(outcome, client);
        let words = |answer, set_cookie| Words {
            answer,
            decided,
            set_cookie,
        };
        let explain = |answer: Answer, destination: Option<String>| {
            answer.with_page(|page| {
                page.reason = self.rule.reason().map(Box::from);
                page.proceed = destination.map(String::into_boxed_str);
                if self.resuming.is_some() {
                    page.keeping = Keeping::Kept;
                    page.back = self.back().map(String::into_boxed_str);
                }
            })
        };
        let follow = self.may_redirect(client);
        let lead = |answer: Answer, url: &str| {
            let answer = answer.leading_to(url, follow);
            if follow && self.redirects != Redirects::Elsewhere {
                answer.redirect(url)
            } else {
                explain(answer, Some(url.to_owned()))
            }
        };
        let destination = match destination {
            Some(destination) if follow => destination,
            Some(destination) => return words(lead(answer, &destination), None),
            None => return words(explain(answer, None), None),
        };
        if let Some((here, cookie)) = self.another_try(decided, now) {
            return words(lead(answer, &here), Some(cookie));
        }
        match self.guard(outcome, now) {
            Ruling::Redirect(cookie) => words(lead(answer, &destination), cookie),
            Ruling::Explain => {
                let reason = "the session did not change although it was asked for repeatedly";
                let rule = Some(self.rule.id());
                let answer = Answer::refusal(ErrorId::AccessDenied, client, rule, reason)
                    .with_page(|page| page.explanation = Explanation::NoProgress);
                Words {
                    answer: explain(answer, Some(destination)),
                    decided: Decided::Deny,
                    set_cookie: None,
                }
            }
        }
    }

    /// Whether a redirect does what the client meant.
    fn may_redirect(&self, client: Client) -> bool {
        let asks = match self.redirects {
            Redirects::ForBrowsers | Redirects::Elsewhere => client == Client::Browser,
            Redirects::ForAll => true,
        };
        asks && self
            .resuming
            .map_or_else(|| is_safe(&self.request.method), |it| it.on_its_page)
    }

    /// A request that left the browser before the answer with its new session cookie arrived: the
    /// same request again, once, comes with the new one. Not to be cached, so a 303 to itself.
    fn another_try(&self, decided: Decided, now: Timestamp) -> Option<(String, HeaderValue)> {
        let credential = self.credential.filter(|_| self.superseded)?;
        if decided != Decided::LogIn {
            return None;
        }
        let round = Round {
            rule: self.rule.id(),
            standing: credential.expose(),
        };
        let cookie = self
            .loop_guard
            .first(&round, self.headers, self.is_secure(), now)?;
        Some((self.here()?, cookie))
    }

    fn is_secure(&self) -> bool {
        self.return_to().own_origin().starts_with("https:")
    }

    /// Whether this person may be sent away once more. Whoever has no session yet may always.
    fn guard(&self, outcome: Outcome, now: Timestamp) -> Ruling {
        let standing = match (self.session, self.credential) {
            _ if outcome == Outcome::LogIn => return Ruling::Redirect(None),
            (Some(record), _) => {
                let subject = record.subject();
                let methods = outcome.methods();
                // Where particular methods are wanted, others are no improvement.
                let last = if methods.is_empty() {
                    Some(subject.authenticated_at)
                } else {
                    let steps = subject.completions.iter();
                    let wanted = steps.filter(|step| methods.contains(step.method));
                    wanted.map(|step| step.completed_at).max()
                };
                format!("{} {} {methods} {last:?}", subject.session_id, subject.aal)
            }
            (None, Some(credential)) => credential.expose().to_owned(),
            (None, None) => return Ruling::Redirect(None),
        };
        let round = Round {
            rule: self.rule.id(),
            standing: &standing,
        };
        self.loop_guard
            .rule(&round, self.headers, self.is_secure(), now)
    }

    fn words(&self, outcome: Outcome, client: Client) -> (Answer, Decided, Option<String>) {
        let rule = Some(self.rule.id());
        match outcome {
            Outcome::LogIn | Outcome::Allow => {
                let url = self.login_url(&[]);
                let reason = "no valid session was presented";
                let answer = Answer::refusal(ErrorId::SessionRequired, client, rule, reason)
                    .with_challenge(self.log_in_challenge())
                    .with_detail("login_url", url.clone());
                (answer, Decided::LogIn, Some(url))
            }
            Outcome::StepUp(ask) => {
                let (reason, description) = if ask.refresh {
                    (
                        "the methods that were used do not count here",
                        "Other authentication methods are required",
                    )
                } else {
                    (
                        "the session was authenticated with one factor",
                        "A second factor is required",
                    )
                };
                let answer = Answer::refusal(ErrorId::SessionAal2Required, client, rule, reason)
                    .with_challenge(&challenge(description, None, ask));
                self.ask_for(ask, answer, Decided::StepUp)
            }
            Outcome::Refresh { max_age, ask } => {
                let (reason, description) = match max_age {
                    Some(_) => (
                        "the session was authenticated too long ago",
                        "A more recent authentication is required",
                    ),
                    None => (
                        "the session was not authenticated by the required methods",
                        "Other authentication methods are required",
                    ),
                };
                let answer = Answer::refusal(ErrorId::SessionRefreshRequired, client, rule, reason)
                    .with_challenge(&challenge(description, max_age, ask));
                self.ask_for(ask, answer, Decided::Refresh)
            }
            Outcome::Enrol { methods } => {
                let url = self.settings_url();
                let reason = if methods.is_empty() {
                    "a second factor is required, and none is set up"
                } else {
                    "a method is required that is not set up"
                };
                let answer = Answer::refusal(ErrorId::SecondFactorRequired, client, rule, reason)
                    .with_detail("settings_url", url.clone());
                (with_methods(answer, methods), Decided::Enrol, Some(url))
            }
            Outcome::Deny => {
                let reason = "this session may not do this";
                (
                    Answer::refusal(ErrorId::AccessDenied, client, rule, reason),
                    Decided::Deny,
                    None,
                )
            }
        }
    }

    /// Completes an answer by where to go and what to use there.
    fn ask_for(
        &self,
        ask: Ask,
        answer: Answer,
        decided: Decided,
    ) -> (Answer, Decided, Option<String>) {
        let url = self.login_url(parameters(ask));
        let answer = answer.with_detail("redirect_browser_to", url.clone());
        (with_methods(answer, ask.methods), decided, Some(url))
    }

    /// RFC 6750: who sent a token is told that it is worth nothing, others just what to send.
    fn log_in_challenge(&self) -> &'static str {
        match self.credential.map(Credential::kind) {
            Some(CredentialKind::Bearer | CredentialKind::Jwt) => {
                "Bearer realm=\"stepgate\", error=\"invalid_token\", \
                 error_description=\"The token has expired, was revoked or is not for this place\""
            }
            Some(
                CredentialKind::Cookie | CredentialKind::SessionToken | CredentialKind::SessionId,
            )
            | None => "Bearer realm=\"stepgate\"",
        }
    }

    fn login_url(&self, parameters: &[(&str, &str)]) -> String {
        let mut url = self.return_to().identity_url("/self-service/login/browser");
        for (name, value) in parameters {
            append(&mut url, name, value);
        }
        self.append_return_to(url)
    }

    fn settings_url(&self) -> String {
        let url = match &self.config.settings_url {
            Some(url) => url.as_ref().to_owned(),
            None => self
                .return_to()
                .identity_url("/self-service/settings/browser"),
        };
        self.append_return_to(url)
    }

    fn append_return_to(&self, mut url: String) -> String {
        let back = match &self.resuming {
            None if !is_safe(&self.request.method) => self.back(),
            Some(_) | None => self.here(),
        };
        if let Some(back) = back {
            append(&mut url, "return_to", &back);
        }
        url
    }

    /// What the person asked for: the request itself, or the page where it waits.
    fn here(&self) -> Option<String> {
        let return_to = self.return_to();
        let here = return_to.here()?;
        Some(match &self.resuming {
            Some(resuming) => {
                let page = resuming.id.page(self.rule.id().as_str());
                [return_to.own_origin(), page].concat()
            }
            None => here,
        })
    }

    /// The page that a form was sent from, else our front page.
    pub(super) fn back(&self) -> Option<String> {
        let referer = self
            .headers
            .get(REFERER)
            .and_then(|value| value.to_str().ok());
        self.return_to().from(referer)
    }

    pub(super) const fn return_to(&self) -> ReturnTo<'_> {
        ReturnTo {
            config: self.config,
            rules: self.rules,
            request: self.request,
        }
    }
}

/// The parameters of the login flow that asks for it.
const fn parameters(ask: Ask) -> &'static [(&'static str, &'static str)] {
    match (ask.refresh, ask.aal2) {
        (true, true) => &[("refresh", "true"), ("aal", "aal2")],
        (true, false) => &[("refresh", "true")],
        (false, true) => &[("aal", "aal2")],
        (false, false) => &[],
    }
}

/// RFC 9470 section 3.
fn challenge(description: &str, max_age: Option<Duration>, ask: Ask) -> String {
    let mut challenge = format!(
        "Bearer error=\"insufficient_user_authentication\", error_description=\"{description}\""
    );
    if let Some(max_age) = max_age {
        challenge.push_str(&format!(", max_age={}", max_age.as_secs()));
    }
    if ask.aal2 {
        challenge.push_str(", acr_values=\"aal2\"");
    }
    challenge
}

/// Names the methods that would do, where the rule wants particular ones.
fn with_methods(answer: Answer, methods: MethodSet) -> Answer {
    if methods.is_empty() {
        return answer;
    }
    let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    answer.with_detail("methods", names)
}

fn append(url: &mut String, name: &str, value: &str) {
    url.push(if url.contains('?') { '&' } else { '?' });
    url.push_str(name);
    url.push('=');
    url.extend(utf8_percent_encode(value, PARAMETER));
}

/// Whether a redirect may answer: repeating the request by GET does what the client meant.
pub(super) fn is_safe(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD || method == Method::OPTIONS
}
