//! Completions and the manual page.

use clap::CommandFactory as _;

use super::arguments::Arguments;
use super::{Ending, output};

pub(super) fn completions(shell: clap_complete::Shell) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "stepgate", &mut script);
    output::tell(&String::from_utf8_lossy(&script));
    Ending::Well
}

pub(super) fn man() -> Ending {
    let mut page = Vec::new();
    match clap_mangen::Man::new(Arguments::command()).render(&mut page) {
        Ok(()) => {
            output::tell(&String::from_utf8_lossy(&page));
            Ending::Well
        }
        Err(error) => {
            output::failure(&error);
            Ending::Failed
        }
    }
}
