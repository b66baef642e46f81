//! Web hooks: other services that are told of a flow, and may stop it or add to an identity.

mod account;
mod context;
mod send;
mod verdict;

use serde_json::Value;

pub(super) use account::Saving;
pub(super) use context::HookFacts;
pub(super) use send::Calls;
pub(super) use verdict::IdentityPatch;

use self::verdict::Verdict;
use super::answer::Failure;
use super::record::FlowRecord;
use super::service::Service;
use super::visitor::Visitor;
use crate::contract::Problem;
use crate::identity::settings::{Hook, HookAnswer, WebHook};
use crate::jsonnet::{EvaluationError, Inputs, RunError};

/// When a hook runs, as far as it matters to which ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HookMoment {
    /// Before anything is stored: those that may stop the flow or change the identity.
    BeforeSaving,
    /// After it is stored: those that are only told.
    AfterSaving,
    /// Both at once, where nothing is stored in between.
    Only,
}

impl HookMoment {
    fn runs(self, answer: HookAnswer) -> bool {
        match self {
            Self::BeforeSaving => answer == HookAnswer::Read,
            Self::AfterSaving => answer != HookAnswer::Read,
            Self::Only => true,
        }
    }
}

/// What the hooks of a moment came to.
pub(super) enum Hooked {
    /// On with the flow; the identity changes on the way.
    GoOn(Vec<IdentityPatch>),
    /// A hook stopped the flow; the record says why.
    Stopped,
}

impl Service {
    /// Runs the web hooks of a list, one after the other.
    ///
    /// # Errors
    /// When one of them fails, or answers what can't be read where that counts.
    pub(super) async fn run_web_hooks(
        &self,
        hooks: &[Hook],
        moment: HookMoment,
        record: &mut FlowRecord,
        visitor: &Visitor,
        facts: &HookFacts,
    ) -> Result<Hooked, Failure> {
        let mut patches = Vec::new();
        let due = hooks.iter().filter_map(Hook::as_web_hook);
        for hook in due.filter(|hook| moment.runs(hook.answer)) {
            let context = self.hook_context(record, visitor, facts)?;
            match self.run_web_hook(hook, context).await? {
                Verdict::GoOn(patch) => patches.extend(patch.map(|patch| *patch)),
                Verdict::Stop(said) => {
                    for (field, message) in said {
                        match field {
                            Some(field) => record.say_at(&field, message),
                            None => record.messages.push(message),
                        }
                    }
                    return Ok(Hooked::Stopped);
                }
            }
        }
        Ok(Hooked::GoOn(patches))
    }

    /// Runs the hooks before a flow; where one stops it, there is no flow to say it in.
    pub(super) async fn run_before_hooks(
        &self,
        hooks: &[Hook],
        record: &mut FlowRecord,
        visitor: &Visitor,
    ) -> Result<(), Failure> {
        let facts = HookFacts::default();
        let ran = self.run_web_hooks(hooks, HookMoment::Only, record, visitor, &facts);
        match ran.await? {
            Hooked::GoOn(_) => Ok(()),
            Hooked::Stopped => {
                let said = record.first_message();
                let reason = said.unwrap_or("The flow was stopped by a web hook.");
                Err(Problem::bad_request(reason).into())
            }
        }
    }

    async fn run_web_hook(&self, hook: &WebHook, context: Value) -> Result<Verdict, Failure> {
        let body = match &hook.body {
            None => None,
            Some(snippet) => {
                let inputs = Inputs::argument("ctx", context);
                match self.calls.programs.run(snippet, inputs).await {
                    Ok(body) => Some(body),
                    // How a program says that nobody is to be called this time.
                    Err(RunError::Evaluation(EvaluationError::Refused { message, .. }))
                        if message == "cancel" =>
                    {
                        return Ok(Verdict::GoOn(None));
                    }
                    Err(error) => {
                        tracing::error!(hook = hook.id, %error, "a web hook has no body");
                        return Err(Problem::internal().into());
                    }
                }
            }
        };
        let call = send::call(hook, body)?;
        match hook.answer {
            HookAnswer::Ignored => {
                self.calls.send_and_forget(hook, call);
                Ok(Verdict::GoOn(None))
            }
            HookAnswer::Succeeds => {
                let reply = self.calls.send_hook(&hook.id, call).await?;
                if reply.status.is_client_error() || reply.status.is_server_error() {
                    return Err(send::answered_badly(&hook.id, reply.status).into());
                }
                Ok(Verdict::GoOn(None))
            }
            HookAnswer::Read => {
                let reply = self.calls.send_hook(&hook.id, call).await?;
                verdict::read(&hook.id, &reply).map_err(|problem| (*problem).into())
            }
        }
    }
}
