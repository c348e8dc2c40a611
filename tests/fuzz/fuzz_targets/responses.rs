//! See [`anygpt_fuzz::responses`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| anygpt_fuzz::responses(data));

#[cfg(not(fuzzing))]
fn main() {
    anygpt_fuzz::replay(anygpt_fuzz::responses);
}
