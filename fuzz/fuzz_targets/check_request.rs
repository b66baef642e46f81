#![no_main]

#[path = "../check_request.rs"]
mod check_request;
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check_request::check_request(data));
