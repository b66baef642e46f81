//! The demo's mailbox, for browsers on this machine alone.

use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use super::door::Door;
use super::visit::Visit;
use crate::flows::{Failure, MailboxItem, Problem};
use crate::pages::{MailRow, MailView, MailboxPage, Page, Pages};

impl Door {
    pub(super) async fn mailbox_page(
        &self,
        pages: &Pages,
        parts: &Parts,
        visit: &Visit,
    ) -> Result<Response, Failure> {
        if !visit.visitor.client.address.is_loopback() {
            return Err(Problem::not_found().into());
        }
        let mails = self.service.mailbox().await?;
        let base = format!("{}/mailbox", self.service.site().base());
        let wanted = visit.visitor.query.find("mail");
        let open = mails.iter().find(|mail| Some(mail.id.as_str()) == wanted);
        let page = Page::Mailbox(MailboxPage {
            open: open.map(view),
            rows: mails
                .iter()
                .map(|mail| MailRow {
                    url: format!("{base}?mail={}", mail.id),
                    subject: mail.subject.clone(),
                    to: mail.to.clone(),
                    written_at: mail.written_at,
                    is_open: open.is_some_and(|open| open.id == mail.id),
                })
                .collect(),
            url: base,
        });
        Ok(Self::html(pages, parts, StatusCode::OK, &page))
    }
}

fn view(mail: &MailboxItem) -> MailView {
    MailView {
        subject: mail.subject.clone(),
        to: mail.to.clone(),
        text: mail.text.trim().to_owned(),
        code: mail.code.clone(),
        url: mail.url.clone(),
        written_at: mail.written_at,
    }
}
