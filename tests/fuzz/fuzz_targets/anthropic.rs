//! See [`anygpt_fuzz::anthropic`].
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| anygpt_fuzz::anthropic(data));

#[cfg(not(fuzzing))]
fn main() {
    anygpt_fuzz::replay(anygpt_fuzz::anthropic);
}
