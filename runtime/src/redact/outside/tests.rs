use super::*;

const KEY: &str = "Zk3TestKeyNoPrefix/12345+==";

fn hidden(key: &str, values: &[&str], text: &str) -> String {
    let values: Vec<Secret> = values.iter().map(|value| Secret::new(*value)).collect();
    let key = Secret::new(key);
    let outside = Outside::new([&key].into_iter(), values.iter());
    outside.hide(text).into_owned()
}

#[test]
fn a_part_of_a_key_is_hidden_however_it_is_written() {
    for (text, expected) in [
        ("bad key Zk3TestKeyNoPrefix...", "bad key [redacted]..."),
        ("bad key ...x/12345+==", "bad key ...[redacted]"),
        ("Zk3Test\nKeyNo", "[redacted]"),
        ("a Zk3 Test\tKey\u{200b}No b", "a [redacted] b"),
        (r"a Zk3Test\nKeyNo b", "a [redacted] b"),
        (r"a Zk3T\u0065stKey b", "a [redacted] b"),
        (r"a Prefix\/12345 b", "a [redacted] b"),
        ("a Prefix%2f12345%2B%3D b", "a [redacted] b"),
        ("a ZK3TESTKEY b", "a [redacted] b"),
        // Base64 of "x:Zk3TestKey", and the hexadecimal digits of "TestKey".
        ("a eDpaazNUZXN0S2V5 b", "a eDpa[redacted] b"),
        ("a 546573744b6579 b", "a [redacted] b"),
        // Seven characters tell too little, and others nothing.
        ("Zk3Test HayNoPr", "Zk3Test HayNoPr"),
        ("größe %zz \\u00 %", "größe %zz \\u00 %"),
        ("", ""),
    ] {
        assert_eq!(hidden(KEY, &[], text), expected, "{text}");
    }
}

#[test]
fn what_many_keys_begin_with_is_no_part_of_one() {
    for known in known() {
        let key = format!("{known}0a1b2c3d4e5f");
        let text = format!("a key begins with {known}");
        assert_eq!(hidden(&key, &[], &text), text);
        let text = format!("bad: {known}0a1b2c3d...");
        assert_eq!(
            hidden(&key, &[], &text),
            format!("bad: {known}[redacted]...")
        );
    }
    let own = "an anthropic answer of anthropic-t3am";
    assert_eq!(
        hidden("anthropic-t3am", &[], own),
        "an anthropic answer of an[redacted]"
    );
    // Of a short one the whole is searched for.
    assert_eq!(
        hidden("sk-12345", &[], "sk-1 2345 sk-1234"),
        "[redacted] sk-1234"
    );
}

#[test]
fn a_value_is_hidden_as_a_whole_and_what_is_random_in_it_in_parts() {
    let values = [
        "research team/7",
        "short",
        "research team/7 and more",
        "research-Zk3TestKeyNoPrefix",
    ];
    for (text, expected) in [
        ("of research%20team%2F7.", "of [redacted]."),
        ("of research team", "of research team"),
        ("of Research team/7 and more", "of [redacted]"),
        ("short", "short"),
        (
            "bad Zk3TestKey... of research",
            "bad [redacted]... of research",
        ),
        ("bad KeyNo\nPrefix", "bad [redacted]"),
    ] {
        assert_eq!(hidden("", &values, text), expected, "{text}");
    }
}

#[test]
fn no_text_makes_it_stumble() {
    let values = [Secret::new("research team/7")];
    let key = Secret::new(KEY);
    let outside = Outside::new([&key].into_iter(), values.iter());
    let pieces = [
        "Zk3TestKeyNo",
        "Prefix/1",
        "%",
        "%2f",
        "%e4",
        "\\",
        "\\u00e",
        "ß",
        " ",
        "\u{200b}",
        "research team",
        "/7",
        "n",
    ];
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..20_000 {
        let text: String = (0..random.usize(0..10))
            .filter_map(|_| random.choice(pieces))
            .collect();
        let clean = outside.hide(&text);
        assert!(!clean.contains("Zk3TestK"), "{text}: {clean}");
    }
}
