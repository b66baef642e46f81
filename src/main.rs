//! The `stepgate` command. Everything is in the library; see its crate documentation for the map.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    stepgate::cli::run()
}
