//! Pages of lists: how large they are, and the links between them.

use url::form_urlencoded::Serializer;

use super::answer::Refusal;
pub(super) use super::parameters::Parameters;

impl Parameters {
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let number = self.find(name).map(str::parse).transpose();
        number.map_err(|_| Refusal::bad_request(&format!("{name} must be a number.")))
    }

    /// The size of a page: larger values are cut.
    pub(super) fn size(&self, name: &str, default: u32, limit: u32) -> Result<u32, Refusal> {
        Ok(self.number(name)?.unwrap_or(default).clamp(1, limit))
    }

    /// `true` or `false`, if given.
    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.find(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Refusal::bad_request(&format!(
                "{name} must be true or false."
            ))),
        }
    }
}

/// `Link` between pages that are found by a token; what else was asked for stays.
pub(super) fn keyset(
    path: &str,
    query: &Parameters,
    size: u32,
    first: &str,
    next: Option<&str>,
) -> String {
    let url = |token: &str| {
        let mut written = Serializer::new(String::new());
        let others = query
            .0
            .iter()
            .filter(|(key, _)| key != "page_size" && key != "page_token");
        written.extend_pairs(others);
        written.append_pair("page_size", &size.to_string());
        written.append_pair("page_token", token);
        format!("<{path}?{}>", written.finish())
    };
    let mut links = vec![format!("{}; rel=\"first\"", url(first))];
    links.extend(next.map(|token| format!("{}; rel=\"next\"", url(token))));
    links.join(",")
}

/// `Link` between numbered pages.
pub(super) fn numbered(path: &str, page: u32, size: u32, total: u64) -> String {
    let url = |page: u32, name: &str| {
        format!(
            "<{path}?page={page}&page_size={size}&page_token={page}&per_page={size}>; rel=\"{name}\""
        )
    };
    let last = u32::try_from(total.div_ceil(u64::from(size.max(1)))).unwrap_or(u32::MAX);
    let mut links = vec![url(1, "first")];
    if page < last {
        links.push(url(page.saturating_add(1), "next"));
    }
    if page > 1 {
        links.push(url(page - 1, "prev"));
    }
    if last > 1 {
        links.push(url(last, "last"));
    }
    links.join(",")
}
