use super::*;

#[test]
fn every_definition_has_plain_objects_for_schemas() {
    for listed in TOOLS.iter().map(|tool| tool.listed()) {
        for schema in [Some(listed.input_schema), listed.output_schema]
            .into_iter()
            .flatten()
        {
            let json: serde_json::Value = serde_json::from_str(&schema).unwrap();
            assert_eq!(json["type"], "object", "{}", listed.name);
            assert!(!schema.contains('\n'), "{}", listed.name);
        }
    }
}

#[test]
fn names_are_unique_and_begin_alike() {
    for (position, tool) in TOOLS.iter().enumerate() {
        assert!(tool.name.starts_with("anygpt_"), "{}", tool.name);
        assert!(
            TOOLS[..position]
                .iter()
                .all(|other| other.name != tool.name)
        );
        let parameters = tool.parameters.iter().map(|parameter| parameter.name());
        let names: std::collections::BTreeSet<&str> = parameters.collect();
        assert_eq!(names.len(), tool.parameters.len(), "{}", tool.name);
    }
}
