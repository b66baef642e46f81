//! The official Rust SDK against Stepgate. Prints a line for each claim that it checks.

mod admin;
mod flows;
mod mail;
mod service;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use service::Service;

/// A claim and how it is checked.
type Claim = (&'static str, fn(&Service) -> service::Checking<'_>);

fn main() -> ExitCode {
    let service = Service::from_environment();
    let mut failed = false;
    let claims = [flows::CLAIMS, admin::CLAIMS, mail::CLAIMS].concat();
    for (name, check) in claims {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let run = || runtime.block_on(check(&service));
        match std::panic::catch_unwind(AssertUnwindSafe(run)) {
            Ok(()) => println!("ok {name}"),
            Err(_) => {
                println!("FAILED {name}");
                failed = true;
            }
        }
    }
    ExitCode::from(u8::from(failed))
}
