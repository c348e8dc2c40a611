use super::*;

#[test]
fn urls_are_joined_below_their_path() {
    let base = |text| BaseUrl::parse("X", text).unwrap();
    assert_eq!(
        base("https://a.example/v1/").join("/m"),
        "https://a.example/v1/m"
    );
    assert_eq!(base("http://a:8080").join("/m?x=1"), "http://a:8080/m?x=1");
    assert_eq!(
        base("https://a.b/?v=2").join("/m?x=1"),
        "https://a.b/m?x=1&v=2"
    );
    assert_eq!(base("https://a.b?v=2").join("/m"), "https://a.b/m?v=2");
    for (url, path) in [
        ("http://a", ""),
        ("http://a:1/?x=/y", ""),
        ("http://a/b/c/", "/b/c"),
    ] {
        assert_eq!(base(url).path(), path);
    }
    let mut longer = base("http://a/b?x=1").below("/c");
    longer.add_parameter("y", "2");
    assert_eq!(longer.join("/m"), "http://a/b/c/m?x=1&y=2");
}

#[test]
fn what_listens_everywhere_is_this_machine_and_numbers_are_addresses() {
    for (url, expected) in [
        ("http://0.0.0.0:1/v1", "http://127.0.0.1:1/v1"),
        ("http://0:1/v1", "http://127.0.0.1:1/v1"),
        ("http://0.0:1", "http://127.0.0.1:1"),
        ("http://127.1:1/", "http://127.0.0.1:1"),
        ("http://2130706433", "http://127.0.0.1"),
        ("http://0x7f.0.0.1", "http://127.0.0.1"),
        ("http://0177.0.0.01", "http://127.0.0.1"),
        ("http://[::]:1/v1", "http://[::1]:1/v1"),
        ("http://[::ffff:0.0.0.0]:1", "http://127.0.0.1:1"),
        ("http://[::1]:1", "http://[::1]:1"),
        ("https://1.2.3.4.example/v1", "https://1.2.3.4.example/v1"),
        ("https://1.2.3.256", "https://1.2.3.256"),
    ] {
        assert_eq!(
            BaseUrl::parse("X", url).unwrap().join(""),
            expected,
            "{url}"
        );
    }
}

#[test]
fn a_scheme_may_lack_where_only_one_can_be_meant() {
    for (text, expected) in [
        ("localhost", "http://localhost"),
        ("localhost:1234/v1", "http://localhost:1234/v1"),
        ("127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("10.0.0.1/v1", "http://10.0.0.1/v1"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("litellm:4000/v1?x=1", "http://litellm:4000/v1?x=1"),
        ("host.docker.internal:1", "http://host.docker.internal:1"),
        ("http://a", "http://a"),
        // These could be anything.
        ("api.example.com/v1", "api.example.com/v1"),
        ("8.8.8.8:80", "8.8.8.8:80"),
        ("sk-proj-abcdef", "sk-proj-abcdef"),
        ("a:b", "a:b"),
    ] {
        assert_eq!(with_scheme(text), expected, "{text}");
    }
}

#[test]
fn parameters_can_be_taken_out_of_the_query() {
    for (url, taken, rest) in [
        ("https://a/x?api-version=1", Some("1"), "https://a/x"),
        (
            "https://a?b=1&API-Version=2&c",
            Some("2"),
            "https://a?b=1&c",
        ),
        ("https://a?b=1", None, "https://a?b=1"),
        ("https://a", None, "https://a"),
    ] {
        let mut url = BaseUrl::parse("X", url).unwrap();
        assert_eq!(url.take_parameter("api-version").as_deref(), taken);
        assert_eq!(url.join(""), rest);
    }
}

#[test]
fn values_of_a_query_are_secrets_unless_their_name_is_known() {
    let url = "https://a.example/v1?API-Version=2024-10-21&api%2Dversion=2024-10-22&Key=abcdefgh%2F1+2\
                   &team=research&x=short&key=1&bare-token;region=somewhere";
    let base = BaseUrl::parse("X", url).unwrap();
    assert_eq!(
        base.shown("/m?a=b"),
        "https://a.example/v1/m?a=b&API-Version=2024-10-21&api%2Dversion=2024-10-22&Key=[redacted]\
             &team=[redacted]&x=[redacted]&key=[redacted]&[redacted]&region=somewhere"
    );
    let secrets =
        |list: &[Secret]| -> Vec<String> { list.iter().map(|it| it.expose().to_owned()).collect() };
    let known = base.secrets();
    assert_eq!(secrets(&known.keys), ["abcdefgh%2F1+2", "abcdefgh/1 2"]);
    assert_eq!(secrets(&known.values), ["research", "bare-token"]);
    assert!(!format!("{base:?} {base}").contains("research"));
}

#[test]
fn what_is_no_usable_url_is_refused_without_repeating_it() {
    for text in [
        "",
        "a.example/v1",
        "ftp://a.b",
        "https://u:secret@a.b",
        "/v1",
        "https://",
    ] {
        let problem = BaseUrl::parse("X", text).unwrap_err().to_string();
        assert!(problem.starts_with("X "), "{problem}");
        assert!(!problem.contains("secret"), "{problem}");
    }
}

#[test]
fn keys_travel_in_the_open_only_in_private_networks() {
    let may = |text| BaseUrl::parse("X", text).unwrap().may_carry_keys();
    for url in [
        "https://api.example.com",
        "http://localhost:1",
        "http://127.0.0.1",
        "http://[::1]:80",
        "http://192.168.1.2",
        "http://10.0.0.1",
        "http://litellm:4000",
        "http://model-runner.docker.internal/engines/v1",
        "http://0.0.0.0:1",
        "http://0:1",
        "http://127.1",
        "http://[::]:1",
        "http://[::ffff:127.0.0.1]",
        "http://[::ffff:169.254.1.1]",
        "http://localhost.:1",
        "http://a.localhost",
        "http://[fe80::1]",
        "http://[fd00::1]",
    ] {
        assert!(may(url), "{url}");
    }
    for url in [
        "http://api.example.com",
        "http://8.8.8.8",
        "http://134744072",
        "http://0x08080808",
        "http://[2001:db8::1]",
        "http://[::ffff:8.8.8.8]",
        "http://8.1",
        "http://localhost.example",
        "http://0.0.0.0.example",
    ] {
        assert!(!may(url), "{url}");
    }
}

#[test]
fn what_is_built_in_is_as_if_it_were_parsed() {
    use anygpt_providers::{Codec, presets::PRESETS};

    let usual = PRESETS.iter().filter_map(|preset| preset.dialect.codec());
    let usual = usual.map(|codec| Codec::default_base_url(codec).to_owned());
    let ports = PRESETS.iter().filter_map(|preset| preset.port);
    let ports = ports.map(|port| format!("http://127.0.0.1:{port}/v1"));
    for url in usual.chain(ports).filter(|url| !url.is_empty()) {
        let parsed = BaseUrl::parse("X", &url);
        assert_eq!(parsed.as_ref(), Ok(&BaseUrl::built_in(&*url)), "{url}");
    }
    assert_eq!(BaseUrl::built_in(""), BaseUrl::default());
}
