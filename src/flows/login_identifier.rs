//! `login.style: identifier_first`: somebody says who they are, then is offered their methods.

use serde_json::json;

use super::answer::Failure;
use super::form::{IDENTIFIER_FIRST, hide_identifier, identifier_screen, methods_of_account};
use super::login::Try;
use super::record::FlowRecord;
use super::service::{Service, internal};
use crate::contract::texts;
use crate::identity::settings::LoginStyle;
use crate::store::IdentityFilter;
use crate::web::Fields;

impl Service {
    /// Whether logins begin with the identifier alone.
    pub(super) fn asks_identifier_first(&self) -> bool {
        self.settings.self_service.login_style == LoginStyle::IdentifierFirst
    }

    /// Takes the identifier and shows the methods of its account. Where accounts must not be
    /// told, nobody is looked for and everybody sees the same.
    pub(super) async fn take_identifier(
        &self,
        record: &mut FlowRecord,
        fields: &Fields,
    ) -> Result<Try, Failure> {
        record.nodes = identifier_screen(&self.settings);
        Self::keep_identifier(record, fields);
        let identifier = fields.text("identifier").unwrap_or_default();
        if identifier.trim().is_empty() {
            record.say_at("identifier", texts::required("identifier"));
            return Ok(Try::Wrong);
        }
        let methods = if self.settings.hide_accounts {
            methods_of_account(&self.settings, None)
        } else {
            let filter = IdentityFilter::Identifier(identifier);
            let found = self.store.identities(&filter, None, 1).await;
            let account = found.map_err(internal)?.items.pop();
            account.map_or_else(Vec::new, |account| {
                methods_of_account(&self.settings, Some(&account.credentials))
            })
        };
        if methods.is_empty() {
            record.say_at("identifier", texts::account_not_found());
            return Ok(Try::Wrong);
        }
        hide_identifier(&mut record.nodes);
        record.nodes.extend(methods);
        record.active = Some(IDENTIFIER_FIRST.to_owned());
        record.transient_payload = fields.form().is_none().then(|| {
            let sent = fields.find("transient_payload").cloned();
            sent.unwrap_or_else(|| json!({}))
        });
        Ok(Try::NextScreen)
    }
}
