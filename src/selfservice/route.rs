//! Which path means what.

use http::Method;

use crate::contract::{FlowKind, SECURITY_KEY_SCRIPT_PATH, Transport};

/// What a request asks for, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'p> {
    /// Open a flow.
    Open(FlowKind, Transport),
    /// Fetch a flow.
    Fetch(FlowKind),
    /// Take a step of a flow.
    Submit(FlowKind),
    /// Prepare a logout.
    OpenLogout,
    /// Sign a browser out.
    Logout,
    /// Sign a native client out.
    NativeLogout,
    /// Somebody comes back from a provider; whose name is in the path, if it is.
    ProviderCallback(Option<&'p str>),
    /// A native client fetches the session that a browser opened.
    TokenExchange,
    /// Read an error.
    Errors,
    /// Who am I.
    Whoami,
    /// One's other sessions.
    Sessions,
    /// One of them.
    Session(&'p str),
    /// Identity schemas.
    Schemas,
    /// One of them.
    Schema(&'p str),
    /// Where password managers look for a way to change the password.
    ChangePassword,
    /// The script of forms with security keys.
    KeyScript,
    /// Whether the process runs.
    Alive,
    /// Whether it can work.
    Ready,
    /// Something of the admin API.
    Admin,
    /// Nothing.
    Unknown,
}

impl<'p> Route<'p> {
    /// Reads a decoded path.
    pub(super) fn find(path: &'p str) -> Self {
        match path {
            "/sessions/whoami" => return Self::Whoami,
            "/sessions" => return Self::Sessions,
            "/sessions/token-exchange" => return Self::TokenExchange,
            "/schemas" => return Self::Schemas,
            "/health/alive" => return Self::Alive,
            "/health/ready" => return Self::Ready,
            "/.well-known/change-password" => return Self::ChangePassword,
            SECURITY_KEY_SCRIPT_PATH => return Self::KeyScript,
            _ => {}
        }
        if let Some(rest) = path.strip_prefix("/self-service/") {
            return Self::self_service(rest);
        }
        let single = |rest: &'p str| !rest.is_empty() && !rest.contains('/');
        if let Some(id) = path.strip_prefix("/sessions/").filter(|rest| single(rest)) {
            return Self::Session(id);
        }
        if let Some(id) = path.strip_prefix("/schemas/").filter(|rest| single(rest)) {
            return Self::Schema(id);
        }
        let admin = path.strip_prefix("/admin/").is_some_and(|rest| {
            rest != "sessions/whoami" && !rest.starts_with("metrics") && rest != "version"
        });
        if admin || path == "/identities" || path.starts_with("/identities/") {
            return Self::Admin;
        }
        Self::Unknown
    }

    fn self_service(rest: &'p str) -> Self {
        match rest {
            "logout/browser" => return Self::OpenLogout,
            "logout" => return Self::Logout,
            "logout/api" => return Self::NativeLogout,
            "errors" => return Self::Errors,
            "methods/oidc/callback" => return Self::ProviderCallback(None),
            _ => {}
        }
        if let Some(id) = rest.strip_prefix("methods/oidc/callback/") {
            let single = !id.is_empty() && !id.contains('/');
            return match single {
                true => Self::ProviderCallback(Some(id)),
                false => Self::Unknown,
            };
        }
        let (kind, step) = match rest.split_once('/') {
            Some((kind, step)) => (kind, Some(step)),
            None => (rest, None),
        };
        let kind = match kind {
            "login" => FlowKind::Login,
            "registration" => FlowKind::Registration,
            "settings" => FlowKind::Settings,
            "recovery" => FlowKind::Recovery,
            "verification" => FlowKind::Verification,
            _ => return Self::Unknown,
        };
        match step {
            None => Self::Submit(kind),
            Some("browser") => Self::Open(kind, Transport::Browser),
            Some("api") => Self::Open(kind, Transport::Api),
            Some("flows") => Self::Fetch(kind),
            Some(_) => Self::Unknown,
        }
    }

    /// Whether the path is left alone by the check for forged requests: it neither sets the CSRF
    /// cookie nor asks for it, because it checks itself or is not for browsers.
    pub(super) const fn checks_itself(self) -> bool {
        match self {
            Self::Open(_, Transport::Api)
            | Self::Submit(_)
            | Self::NativeLogout
            | Self::ProviderCallback(_)
            | Self::TokenExchange
            | Self::Whoami
            | Self::Sessions
            | Self::Session(_)
            | Self::Alive
            | Self::Ready
            | Self::Admin => true,
            Self::Open(_, Transport::Browser)
            | Self::Fetch(_)
            | Self::OpenLogout
            | Self::Logout
            | Self::Errors
            | Self::Schemas
            | Self::Schema(_)
            | Self::ChangePassword
            | Self::KeyScript
            | Self::Unknown => false,
        }
    }

    /// The methods that the path knows, as `Allow` lists them.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Submit(_) | Self::ProviderCallback(_) => "GET, HEAD, POST",
            Self::NativeLogout => "DELETE",
            Self::TokenExchange => "GET, HEAD",
            Self::Sessions => "DELETE, GET, HEAD",
            Self::Session(_) => "DELETE",
            Self::Whoami => "CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE",
            Self::Admin => "DELETE, GET, HEAD, PATCH, POST, PUT",
            Self::Open(..)
            | Self::Fetch(_)
            | Self::OpenLogout
            | Self::Logout
            | Self::Errors
            | Self::Schemas
            | Self::Schema(_)
            | Self::ChangePassword
            | Self::KeyScript
            | Self::Alive
            | Self::Ready
            | Self::Unknown => "GET, HEAD",
        }
    }

    /// Whether the path knows this method.
    pub(super) fn knows(self, method: &Method) -> bool {
        self.allow()
            .split(", ")
            .any(|known| known == method.as_str())
    }
}

/// The path without empty and dot segments; `None` when it has none.
pub(super) fn cleaned(path: &str) -> Option<String> {
    let dotted = path.split('/').any(|segment| matches!(segment, "." | ".."));
    if !dotted && !path.contains("//") {
        return None;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    Some(format!("/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_the_public_api_are_known() {
        let login = FlowKind::Login;
        assert_eq!(
            Route::find("/self-service/login/browser"),
            Route::Open(login, Transport::Browser)
        );
        assert_eq!(
            Route::find("/self-service/login/flows"),
            Route::Fetch(login)
        );
        assert_eq!(Route::find("/self-service/login"), Route::Submit(login));
        assert_eq!(Route::find("/sessions/abc"), Route::Session("abc"));
        for unknown in [
            "/self-service/login/",
            "/self-service/LOGIN",
            "/sessions/",
            "/sessions/a/b",
            "/admin/sessions/whoami",
            "/",
        ] {
            assert_eq!(Route::find(unknown), Route::Unknown, "{unknown}");
        }
    }

    #[test]
    fn an_untidy_path_leads_to_the_tidy_one() {
        assert_eq!(
            cleaned("//sessions/./whoami").as_deref(),
            Some("/sessions/whoami")
        );
        assert_eq!(cleaned("/a/../sessions").as_deref(), Some("/sessions"));
        assert_eq!(cleaned("/sessions"), None);
    }
}
