use super::*;

/// Compiles only for what is zeroed.
fn is_zeroed<T: ZeroizeOnDrop>(_: &T) {}

#[test]
fn a_key_is_zeroed_when_it_is_dropped() {
    let secret = Secret::new("key");
    is_zeroed(&secret);
    is_zeroed(&secret.0);
}

#[test]
fn of_a_key_only_length_and_end_are_shown() {
    let masked = |key: &str| Secret::new(key).masked();
    assert_eq!(
        masked("sk-1234567"),
        "10 characters, the last two are \"67\""
    );
    assert_eq!(masked("1234567"), "7 characters");
    assert_eq!(masked("größe-ßß"), "8 characters, the last two are \"ßß\"");
}
