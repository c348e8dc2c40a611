use super::*;

#[test]
fn every_tool_takes_what_its_schema_has() {
    for tool in Tool::ALL {
        let entry = entry(tool);
        let listed = (entry.listed)();
        let json: serde_json::Value = serde_json::from_str(&listed.input_schema).unwrap();
        for name in json["properties"].as_object().unwrap().keys() {
            assert!(
                entry.names.contains(&name.as_str()),
                "{}: {name}",
                listed.name
            );
        }
    }
}

#[test]
fn every_tool_has_its_name_and_plain_objects_for_schemas() {
    for (tool, listed) in Tool::ALL.into_iter().zip(listed(&Tool::ALL)) {
        assert_eq!(listed.name, tool.name());
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
