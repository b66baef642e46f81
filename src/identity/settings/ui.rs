//! A user interface of the operator's own.

use url::Url;

use super::{Settings, Ui};

impl Settings {
    /// From now on people see the operator's pages. Where those are on another origin and the
    /// configuration leaves cross-origin calls open, their scripts may call.
    pub fn use_external_ui(&mut self) {
        self.ui = Ui::External;
        let cors = &mut self.public.cors;
        if cors.is_written {
            return;
        }
        let own = origin(&self.public.base_url);
        let mut origins: Vec<String> = self.self_service.pages().filter_map(origin).collect();
        origins.retain(|origin| Some(origin) != own.as_ref());
        origins.sort_unstable();
        origins.dedup();
        if !origins.is_empty() {
            cors.enabled = true;
            cors.allowed_origins = origins;
        }
    }
}

fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
