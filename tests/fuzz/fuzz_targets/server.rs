//! See [`anygpt_fuzz::server`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| anygpt_fuzz::server(data));

#[cfg(not(fuzzing))]
fn main() {
    anygpt_fuzz::replay(anygpt_fuzz::server);
}
