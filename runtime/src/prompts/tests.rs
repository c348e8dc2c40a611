use super::*;
use crate::settings::Environment;

fn settings(variables: &[(&str, &str)]) -> Settings {
    Settings::load(Environment::new(variables.iter().copied()), &[]).unwrap()
}

fn by_name(name: &str) -> usize {
    listed()
        .iter()
        .position(|prompt| prompt.name == name)
        .unwrap()
}

/// Free text: nothing that is given is refused, all of it is said.
#[test]
fn every_argument_is_said_whatever_it_is() {
    let settings = settings(&[("OPENAI_API_KEY", "a-1")]);
    for (position, prompt) in listed().iter().enumerate() {
        let value = |name: &str| format!("«{name}» {{}} \"q\"\n--");
        let given: Vec<_> = prompt
            .arguments
            .iter()
            .map(|argument| Some(Cow::Owned(value(&argument.name))))
            .collect();
        let text = text(position, &settings, &given).text;
        for argument in &prompt.arguments {
            assert!(
                text.contains(&value(&argument.name)),
                "{}: {text}",
                prompt.name
            );
        }
        let nothing: Vec<_> = prompt.arguments.iter().map(|_| None).collect();
        assert!(!super::text(position, &settings, &nothing).text.is_empty());
    }
}

#[test]
fn a_provider_that_cannot_be_asked_is_mentioned() {
    let settings = settings(&[("OPENAI_API_KEY", "a-1")]);
    let say = |provider: &str| {
        let given = [Some("q".into()), Some(provider.to_owned().into()), None];
        text(by_name("discover-and-chat"), &settings, &given).text
    };
    assert!(say("nobody").contains("no provider named \"nobody\" is configured"));
    assert!(say("google").contains("google cannot be used: the API key is missing"));
    assert!(!say("openai").contains("Note:"));
    let given = [Some("q".into()), Some("openai, nobody,".into())];
    let text = text(by_name("compare-providers"), &settings, &given).text;
    assert_eq!(text.matches("Note:").count(), 1);
}

#[test]
fn known_names_are_suggested() {
    let settings = settings(&[
        ("GOOGLE_API_KEY", "a-1"),
        ("DEFAULT_MODEL", "gemini-x"),
        ("DEFAULT_PROVIDER", "mock"),
    ]);
    let prompt = by_name("discover-and-chat");
    let suggest = |argument, given: &Given<'_>| candidates(prompt, argument, &settings, given);
    assert_eq!(suggest(1, &[])[0], "google");
    assert_eq!(suggest(1, &[]).len(), settings.listed().count());
    assert_eq!(suggest(2, &[]), ["gemini-x", "mock/mock-echo"]);
    assert_eq!(suggest(2, &[None, Some("google".into())]), ["gemini-x"]);
    assert_eq!(suggest(0, &[]), [""; 0]);
}

#[test]
fn models_and_tags_of_the_configuration_file_are_suggested_once() {
    let path = std::env::temp_dir().join(format!("anygpt-prompts-{}.yaml", std::process::id()));
    let file = "models: {openai/a: {tags: [fast]}, google/b: {tags: [smart]}, openai/c: {}}";
    std::fs::write(&path, file).unwrap();
    let settings = settings(&[
        ("CONFIG_FILE", path.to_str().unwrap()),
        ("DEFAULT_MODEL", "Fast"),
    ]);
    std::fs::remove_file(path).unwrap();
    let prompt = by_name("discover-and-chat");
    let suggest = |given: &Given<'_>| candidates(prompt, 2, &settings, given);
    assert_eq!(
        suggest(&[]),
        ["Fast", "smart", "openai/a", "google/b", "openai/c"]
    );
    assert_eq!(
        suggest(&[None, Some("google".into())]),
        ["Fast", "smart", "google/b"]
    );
}
