use super::*;
use crate::settings::{file::File, providers::tests::providers, yaml};

fn read(text: &str) -> Result<Vec<ModelSettings>, Error> {
    let file: File = yaml::from_str(text)?;
    let providers = providers(file.providers);
    all(&providers, file.models)
}

#[test]
fn models_keep_their_order_and_tags_that_of_their_first_appearance() {
    let models = read(
        "providers: {team: {type: openai, api_key: k-1}}\n\
             models:\n  \
               team/org/large: {tags: [smart, Fast, FAST]}\n  \
               openai/b:\n  \
               Gemini/c: {tags: [fast, größe]}\n  \
               anthropic/a: {tags: [GRÖSSE, GRÖßE, 2024]}\n",
    )
    .unwrap();
    let shown: Vec<_> = models
        .iter()
        .map(|model| {
            format!(
                "{} {} {:?}",
                model.provider.position(),
                model.id,
                model.tags
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"3 org/large ["smart", "Fast"]"#,
            "0 b []",
            r#"2 c ["fast", "größe"]"#,
            r#"1 a ["GRÖSSE", "GRÖßE", "2024"]"#,
        ]
    );
    let mut names = Names::default();
    let tags: Vec<_> = tags(&models, &mut names)
        .into_iter()
        .map(|tag| {
            let models = tag.models.iter().map(|member| member.model.position());
            (tag.name, models.collect())
        })
        .collect();
    let expected = [
        ("smart", vec![0]),
        ("Fast", vec![0, 2]),
        ("größe", vec![2, 3]),
        ("GRÖSSE", vec![3]),
        ("2024", vec![3]),
    ];
    assert_eq!(tags, expected.map(|(name, models)| (name.into(), models)));
    assert_eq!(names.tag("nobody"), None);
    assert_eq!((names.tag("GRÖßE"), names.tag("2024")), (Some(2), Some(4)));
    let model = |provider, id| names.model(ProviderIndex::new(provider), id);
    let expected = (Some(ModelIndex::new(1)), None);
    assert_eq!((model(0, "b"), model(1, "b")), expected);
}

fn with_aliases(text: &str) -> Result<(Vec<ModelSettings>, Vec<Tag>), Error> {
    let file: File = yaml::from_str(text)?;
    let providers = providers(file.providers);
    let mut models = all(&providers, file.models)?;
    let mut names = Names::default();
    let mut tags = tags(&models, &mut names);
    add_aliases(&providers, file.aliases, &mut models, &mut tags, &mut names)?;
    Ok((models, tags))
}

#[test]
fn aliases_come_behind_the_tags_and_bring_their_models() {
    let (models, tags) = with_aliases(
        "models: {openai/a: {tags: [cheap]}}\n\
             aliases:\n  \
               Fast: [openai/a@LOW, gemini/b, openrouter/x/c@2]\n  \
               smart: anthropic/d@max\n",
    )
    .unwrap();
    let names: Vec<_> = models.iter().map(|model| &*model.id).collect();
    assert_eq!(names, ["a", "b", "x/c@2", "d"]);
    let shown: Vec<_> = tags
        .iter()
        .map(|tag| {
            let members = tag.models.iter();
            let members: Vec<_> = members.map(|it| (it.model.position(), it.effort)).collect();
            (&*tag.name, tag.is_alias, members)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("cheap", false, vec![(0, None)]),
            (
                "Fast",
                true,
                vec![(0, Some(ReasoningEffort::Low)), (1, None), (2, None)]
            ),
            ("smart", true, vec![(3, Some(ReasoningEffort::Max))]),
        ]
    );
}

#[test]
fn what_is_wrong_with_an_alias_is_told_with_its_place_and_the_mend() {
    for (text, expected) in [
        (
            "aliases:\n  fast:\n    - openai/a\n    - opnai/b@low",
            "line 4, column 7: aliases.fast[1]: there is no provider \"opnai\"; did you mean \"openai\"?",
        ),
        (
            "aliases: {fast: nobody/b}",
            "line 1, column 17: aliases.fast: there is no provider \"nobody\"; expected one of \
                 \"openai\", \"anthropic\", \"google\"",
        ),
        (
            "aliases: {fast: gpt-5}",
            "line 1, column 17: aliases.fast: the model \"gpt-5\" names no provider; write \
                 provider/model, for example openai/gpt-5",
        ),
        (
            "aliases:\n  a: openai/a\n  b: [openai/b, A@low]",
            "line 3, column 17: aliases.b[1]: \"A\" is a tag or an alias itself; write the models that \
                 it stands for, as provider/model",
        ),
        (
            "models: {openai/a: {tags: [Fast]}}\naliases: {fast: openai/b}",
            "line 2, column 11: aliases.fast: there is a tag of this name, too; rename one of them",
        ),
        (
            "aliases:\n  fast: openai/b\n  FAST: openai/b",
            "line 3, column 3: aliases.FAST: this alias is given twice, first on line 2; keep one of them",
        ),
        (
            "aliases: {openai/a: openai/b}",
            "line 1, column 11: aliases: a name must not hold \"/\", \"@\", blanks or control \
                 characters; join words with \"-\", for example long-context",
        ),
        (
            "aliases: {fast: []}",
            "line 1, column 11: aliases.fast: no model is named; write provider/model, or leave the alias out",
        ),
        (
            "aliases: {fast: }",
            "line 1, column 15: aliases.fast: the value is missing; expected a string",
        ),
        (
            "aliases: {fast: [openai/a@low, openai/a@high]}",
            "line 1, column 32: aliases.fast[1]: this model stands in the alias twice; keep one of them",
        ),
        (
            "aliases: {fast: {openai/a: {}}}",
            "line 1, column 17: aliases.fast: expected a string, found a mapping",
        ),
    ] {
        assert_eq!(
            with_aliases(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_mend() {
    let long_tag = format!("models: {{openai/a: {{tags: [{}]}}}}", "x".repeat(65));
    let long_name = format!("models: {{openai/{}: {{}}}}", "x".repeat(250));
    for (text, expected) in [
        (
            "models:\n  openai/a:\n    tag: [x]",
            "line 3, column 5: models.openai/a: unknown key \"tag\"; did you mean \"tags\"?",
        ),
        (
            "model: {}",
            "line 1, column 1: unknown key \"model\"; did you mean \"models\"?",
        ),
        (
            "models: [openai/a]",
            "line 1, column 9: models: expected a mapping of keys to values, found a list",
        ),
        (
            "models: {openai/a: fast}",
            "line 1, column 20: models.openai/a: expected a mapping of keys to values, found a string",
        ),
        (
            "models: {openai/a: {tags: fast}}",
            "line 1, column 27: models.openai/a.tags: expected a list, found a string",
        ),
        (
            "models: {openai/a: {tags: [[x]]}}",
            "line 1, column 28: models.openai/a.tags[0]: expected a string, found a list",
        ),
        (
            "models: {openai/a: {tags: [x, '']}}",
            "line 1, column 31: models.openai/a.tags[1]: a name must not be empty; write a short word, \
                 for example fast",
        ),
        (
            &long_tag,
            "line 1, column 28: models.openai/a.tags[0]: a name must not be longer than 64 bytes; \
                 write a short word, for example fast",
        ),
        (
            "models: {openai/a: {price: {input: 1}}}",
            "line 1, column 28: models.openai/a.price: the key \"output\" is missing",
        ),
        (
            "models: {openai/a: {price: {input: 1, output: -2}}}",
            "line 1, column 47: models.openai/a.price.output: a price must be 0 or more; write US \
                 dollars for a million tokens, for example 2.5",
        ),
        (
            "models: {openai/a: {price: {input: 1, output: 2, cached_input: .inf}}}",
            "line 1, column 64: models.openai/a.price.cached_input: a price must be 0 or more; write \
                 US dollars for a million tokens, for example 2.5",
        ),
        (
            "models: {openai/a: {price: {input: cheap, output: 2}}}",
            "line 1, column 36: models.openai/a.price.input: expected a number, found a string",
        ),
        (
            "models:\n  opnai/a: {}",
            "line 2, column 3: models.opnai/a: there is no provider \"opnai\"; did you mean \"openai\"?",
        ),
        (
            "models:\n  nobody/a: {}",
            "line 2, column 3: models.nobody/a: there is no provider \"nobody\"; expected one of \
                 \"openai\", \"anthropic\", \"google\"",
        ),
        (
            "models: {mock/a: {}}",
            "line 1, column 10: models.mock/a: the mock is off; add \"mock: {}\" under providers, or \
                 set DEFAULT_PROVIDER=mock",
        ),
        (
            "models:\n  google/a: {}\n  gemini/a: {}",
            "line 3, column 3: models.gemini/a: this model is given twice, first on line 2; keep one \
                 of them",
        ),
        (
            "models:\n  openai/a: {}\n  openai/a: {}",
            "line 3, column 3: models: the key \"openai/a\" is given twice, first on line 2",
        ),
        (
            "models:\n  gpt-5: {tags: [x]}",
            "line 2, column 3: models: the model \"gpt-5\" names no provider; write provider/model, \
                 for example openai/gpt-5",
        ),
        (
            "models: {/a: {}}",
            "line 1, column 10: models: the model \"/a\" has no provider before the \"/\"; write \
                 provider/model, for example openai/gpt-5",
        ),
        (
            "models: {openai/: {}}",
            "line 1, column 10: models: the model \"openai/\" has no id after the \"/\"; write \
                 provider/model, for example openai/gpt-5",
        ),
        (
            "models: {'openai/a ': {}}",
            "line 1, column 10: models: the model \"openai/a \" has blanks at an end or a control \
                 character; write provider/model, for example openai/gpt-5",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), expected, "{text}");
    }
    let error = read(&long_name).unwrap_err().to_string();
    assert!(error.contains("longer than 256 bytes"), "{error}");
    for tag in [
        "a/b",
        "a@b",
        "a b",
        "'a '",
        "\"a\\tb\"",
        "\"a\\u0000\"",
        "a\u{a0}b",
    ] {
        let error = read(&format!("models: {{openai/a: {{tags: [{tag}]}}}}"));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("join words with"), "{tag}: {error}");
    }
}
