use super::*;

const NAMES: [&str; 2] = ["A_KEY", "ANTHROPIC_API_KEY"];

fn at(url: &str) -> BaseUrl {
    BaseUrl::parse("X", url).unwrap_or_default()
}

/// At an address of a vendor.
fn read_at_home(text: &str) -> Result<&str, NoKey> {
    read(text, &NAMES, &at("https://api.anthropic.com")).map(|it| it.value)
}

fn read_elsewhere(text: &str) -> Result<&str, NoKey> {
    read(text, &NAMES, &at("http://localhost:1234/v1")).map(|it| it.value)
}

#[test]
fn what_stands_around_a_key_is_taken_off() {
    const KEY: &str = "sk-ant-api03-Zm9v_YmFy-9==";
    for (text, removed) in [
        ("KEY", &[][..]),
        ("KEY\r\n", &[]),
        ("\u{feff}KEY\r\n", &["a byte order mark"]),
        (" KEY ", &["blanks"]),
        ("\"KEY\"", &["a pair of quotes"]),
        ("\"KEY\n\"\n", &["a pair of quotes"]),
        ("'KEY' # mine", &["a pair of quotes", "a comment"]),
        ("KEY # mine", &["a comment"]),
        ("# mine\nKEY\n", &["the other lines"]),
        ("Bearer KEY", &["the word Bearer"]),
        ("bearer  Bearer KEY", &["the word Bearer"]),
        ("\"Bearer KEY\"", &["a pair of quotes", "the word Bearer"]),
        (
            "Authorization: Bearer KEY",
            &["the name of a header", "the word Bearer"],
        ),
        ("x-api-key:KEY", &["the name of a header"]),
        ("x-api-key: KEY", &["the name of a header"]),
        ("Token KEY", &["the word Token"]),
        ("token KEY", &["the word Token"]),
        (
            "Authorization: Token KEY",
            &["the name of a header", "the word Token"],
        ),
        ("\"A_KEY\": \"KEY\"", &["its own name", "a pair of quotes"]),
        ("A_KEY=KEY", &["its own name"]),
        ("a_key = \"KEY\"", &["its own name", "a pair of quotes"]),
        (
            "export ANTHROPIC_API_KEY='KEY' # mine",
            &["a comment", "its own name", "a pair of quotes"],
        ),
        ("$env:A_KEY=\"KEY\"", &["its own name", "a pair of quotes"]),
        ("team.a_key=KEY", &["its own name"]),
        ("A_KEY: KEY", &["its own name"]),
        (
            "# keys\n\nOTHER_KEY=1\nexport A_KEY=\"KEY\"\nPORT_NUMBER=1\n",
            &["the other lines", "its own name", "a pair of quotes"],
        ),
    ] {
        let text = text
            .replace("KEY", "\0")
            .replace("A_\0", "A_KEY")
            .replace("API_\0", "API_KEY");
        let text = text.replace("OTHER_\0", "OTHER_KEY").replace('\0', KEY);
        let cleaned = read(&text, &NAMES, &at("https://api.anthropic.com"));
        let found = cleaned.as_ref().map(|it| (it.value, &*it.removed));
        assert_eq!(found, Ok((KEY, removed)), "{text}");
        assert_eq!(read_elsewhere(&text), Ok(KEY), "{text}");
    }
}

#[test]
fn what_nobody_filled_in_is_no_key_anywhere() {
    for text in [
        "",
        " \n",
        "# only a comment",
        "<UNKNOWN>",
        "<your key>",
        "null",
        "%!s(<nil>)",
        "$OPENAI_API_KEY",
        "$openai_api_key",
        "${OPENAI_API_KEY}",
        "Bearer ${OPENAI_API_KEY}",
        "A_KEY=$OTHER_KEY",
        "$(cat key)",
        "$env:OPENAI_API_KEY",
        "%OPENAI_API_KEY%",
        "__OPENAI_API_KEY__",
        "{{ secrets.KEY }}",
        "={{ $env.KEY }}",
        "{env:KEY}",
        "{\"key\":\"sk-1\"}",
        "[YOUR KEY]",
        "os.environ/KEY",
        "OS.environ['KEY']",
        "process.env.KEY",
        "op://vault/item/field",
        "se://docker/mcp/openai.api_key",
        "vault:secret/data/openai#key",
        "aws-sm://openai",
        "gcp-sm:openai",
        "keyring:openai",
        "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)",
        "arn:aws:secretsmanager:eu-west-1:1:secret:openai",
        "projects/1/secrets/openai/versions/latest",
        "ref+awsssm://openai",
        "https://platform.openai.com/api-keys",
    ] {
        let why = read_elsewhere(text);
        assert!(
            why.as_ref().is_err_and(|why| !why.is_broken()),
            "{text}: {why:?}"
        );
        assert!(read_at_home(text).is_err(), "{text}");
    }
}

#[test]
fn what_cannot_be_sent_or_sets_something_else_is_no_key_anywhere() {
    for text in [
        "sk-ant-…",
        "sk-ant-api03-abc•••",
        "sk-ant-api03-größe",
        "two\nlines",
        "a\tb",
        "a\u{0}b",
        "OTHER_KEY=sk-ant-1",
        "export OTHER_TOKEN=abc",
        "OTHER_KEY=1\nPORT_NUMBER=2",
    ] {
        for why in [read_elsewhere(text), read_at_home(text)] {
            assert!(
                why.as_ref().is_err_and(|why| why.is_broken()),
                "{text:?}: {why:?}"
            );
        }
    }
}

#[test]
fn examples_are_no_keys_at_a_vendor_s_own_address_and_elsewhere_no_secrets() {
    for text in [
        "none",
        "None",
        "EMPTY",
        "xxx",
        "XXXX-XXXX",
        "sk-xxxxxxxx",
        "sk-proj-XXXXXXXXXXXX",
        "TODO",
        "tbd",
        "changeme",
        "change-me",
        "CHANGE_ME",
        "REPLACE_ME",
        "replace-with-key",
        "INSERT_KEY",
        "INSERT_YOUR_KEY",
        "your-api-key",
        "your_api_key",
        "YOUR_KEY",
        "YourApiKey",
        "yourkeyhere",
        "sk-your-key",
        "sk-ant-your-key-here",
        "gsk_your_key",
        "AIzaSyYourKey",
        "put_your_key_here",
        "enter-key",
        "my-api-key",
        "MY_KEY",
        "placeholder",
        "dummy",
        "dummy-key",
        "fake",
        "key",
        "api-key",
        "API_KEY",
        "OPENAI_API_KEY",
        "secret",
        "not-needed",
        "no-key",
        "lm-studio",
        "ollama",
        "sk-no-key-required",
        "not-used",
        "llama.cpp",
        "example-key",
        "secret-key",
        "openai-key",
        "sk-ant-api03-",
        "FILL_ME_IN",
        "true",
        "000000",
        "-",
        "n/a",
    ] {
        assert_eq!(read_at_home(text), Err(NotSet::Example.into()), "{text}");
        assert_eq!(read_elsewhere(text), Ok(text));
        assert!(is_example(text), "{text}");
    }
    for text in [
        "test",
        "k",
        "k-123",
        "some-key",
        "a-good-key",
        "sk-abcdefgh12",
        "key-12345678",
        "none-of-these",
        "filled-in",
        "sk-ant-filled-in",
        "mock-openai-key-7d41c09b",
        "AIzaSyD4Wh3reIsTh1s",
        "hidden-1",
        "0123456789abcdef0123456789abcdef",
        // Somebody's own key, though it has such words.
        "my-a8f3k2p9x7-key",
        "your-team-8fj2983fj2",
        "sk-example-Zk3TestKeyNoPrefix01",
        "q7m2x9k4-required",
        "my-prod-key",
    ] {
        assert!(!is_example(text), "{text}");
        assert_eq!(read_elsewhere(text), Ok(text));
    }
}

#[test]
fn what_no_vendor_s_key_holds_is_sent_elsewhere_as_it_is() {
    for text in [
        "sk-...",
        "sk-ant-...",
        "sk-ant-api03-ab...yz",
        "sk-ant-******yz",
        "not needed",
        "/run/secrets/key",
        "./key.txt",
        "\"half",
        "sk-ant-1,2",
        "AIzaSyD4Wh3reIsTh1s",
        "sk-proj-abcdefgh",
        "sk-abcdefgh",
        "sk-or-v1-abc",
        "gsk_abc",
        "xai-abc",
        "hf_abc",
        "ghp_abc",
    ] {
        let why = read_at_home(text);
        assert!(why.is_err(), "{text}: {why:?}");
        assert_eq!(read_elsewhere(text), Ok(text));
    }
}

#[test]
fn the_end_of_an_item_is_taken_off_where_no_key_can_have_it() {
    for text in [
        "KEY,",
        "KEY;",
        "KEY;,",
        "\"KEY\",",
        "\"KEY,\"",
        "Bearer KEY,",
        "A_KEY=KEY;",
        "KEY, # mine",
        "\"A_KEY\": \"KEY\",",
    ] {
        const KEY: &str = "sk-ant-api03-Zm9v";
        let text = text.replace("A_KEY", "\0").replace("KEY", KEY);
        let text = text.replace('\0', "A_KEY");
        let cleaned = read(&text, &NAMES, &at("https://api.anthropic.com"));
        assert_eq!(cleaned.map(|it| it.value), Ok(KEY), "{text}");
    }
    assert_eq!(read_elsewhere("any-key,"), Ok("any-key,"));
    // Nothing of it is a key.
    assert!(read_at_home(",").is_err());
}

#[test]
fn another_vendor_s_key_is_named_with_its_own_variable() {
    for (key, url, expected) in [
        (
            "sk-ant-1234",
            "https://api.openai.com/v1",
            Some("Anthropic; set that as ANTHROPIC_API_KEY"),
        ),
        (
            "sk-proj-1234",
            "https://api.anthropic.com",
            Some("OpenAI; set that as OPENAI_API_KEY"),
        ),
        (
            "sk-1234abcd",
            "https://api.groq.com/openai/v1",
            Some("OpenAI; set that as OPENAI_API_KEY"),
        ),
        (
            "AIzaSy1234",
            "https://eu.api.openai.com/v1",
            Some("Google; set that as GOOGLE_API_KEY"),
        ),
        ("ghp_1234", "https://api.openai.com/v1", Some("GitHub")),
        (
            "sk-1234abcd",
            "https://r.openai.azure.com/openai/v1",
            Some("OpenAI; set that as OPENAI_API_KEY"),
        ),
        ("sk-1234abcd", "https://api.deepseek.com/v1", None),
        ("sk-1234abcd", "https://api.moonshot.ai/v1", None),
        ("sk-or-v1-1234", "https://openrouter.ai/api/v1", None),
        ("gsk_1234", "https://api.groq.com/openai/v1", None),
        ("id.secret", "https://api.z.ai/api/paas/v4", None),
    ] {
        let why = read(key, &[], &at(url)).err().map(|it| it.to_string());
        let expected = expected.map(|it| format!("it begins like a key of {it}"));
        assert_eq!(why.as_deref(), expected.as_deref(), "{key} at {url}");
    }
}
