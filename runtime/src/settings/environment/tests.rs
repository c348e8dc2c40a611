use super::*;

#[test]
fn secrets_come_from_the_variable_then_its_file_then_the_secrets_folder() {
    let folder = std::env::temp_dir().join(format!("anygpt-secrets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("named");
    std::fs::write(&file, "from-file\r\n").unwrap();
    std::fs::write(folder.join("a_key"), "from-folder\n").unwrap();
    let path = file.to_str().unwrap().to_owned();
    let find = |variables: &[(&str, &str)]| {
        let environment = Environment::new(variables.iter().copied()).with_secrets(&folder);
        let found = environment.secret("A_KEY", &BaseUrl::default());
        found.map(|found| found.map(|found| found.secret.expose().to_owned()))
    };
    let both = [("A_KEY", " direct "), ("A_KEY_FILE", &path)];
    assert_eq!(find(&both).unwrap().as_deref(), Some("direct"));
    let placeholder = [("A_KEY", "<UNKNOWN>"), ("A_KEY_FILE", &path)];
    assert_eq!(find(&placeholder).unwrap().as_deref(), Some("from-file"));
    assert_eq!(find(&[]).unwrap().as_deref(), Some("from-folder"));
    // What is no key in one place is none, but the next place may have one.
    let not_there = [("A_KEY_FILE", "/nowhere/at/all")];
    assert_eq!(find(&not_there).unwrap().as_deref(), Some("from-folder"));
    std::fs::remove_file(folder.join("a_key")).unwrap();
    let why = find(&not_there).unwrap_err().why.to_string();
    assert!(
        why.contains("/nowhere/at/all\", which cannot be read"),
        "{why}"
    );
    let why = find(&[("A_KEY_FILE", "a-key-in-the-wrong-place")])
        .unwrap_err()
        .why
        .to_string();
    assert!(
        why.starts_with("it names a file, which cannot be read"),
        "{why}"
    );
    assert!(find(&[("A_KEY_FILE", folder.to_str().unwrap())]).is_err());
    let broken = find(&[("A_KEY", "two\nlines-of-secret")]).unwrap_err();
    assert!(
        broken.why.is_broken() && broken.name == "A_KEY",
        "{broken:?}"
    );
    assert!(!broken.why.to_string().contains("secret"), "{broken:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}
