//! Cookies that are ours and nobody else's business.

/// How the names of the cookies begin that guard forms against forgery, as Kratos names them.
const CSRF: &[u8] = b"csrf_token_";
/// How the names of our own small cookies begin.
const OWN: &[u8] = b"stepgate_";

/// Whether a cookie of this name is the identity service's or the gateway's; `session` is the name
/// of the session cookie.
#[must_use]
pub fn is_own_cookie(name: &[u8], session: &[u8]) -> bool {
    let bare = name
        .strip_prefix(b"__Host-")
        .or_else(|| name.strip_prefix(b"__Secure-"))
        .unwrap_or(name);
    name == session || bare.starts_with(CSRF) || bare.starts_with(OWN)
}
