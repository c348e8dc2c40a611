use super::*;

#[test]
fn fences_are_longer_than_anything_between_them() {
    let question = [Message::text(Role::User, "a ```` b")];
    let long = "ß".repeat(SHOWN + 1);
    let messages = brief(&question, &[('A', "x\n`````\ny"), ('B', &long)], Some("z"));
    let [system, user] = [0, 1].map(|position| messages[position].all_text());
    assert!(system.ends_with("Judge by this: z"), "{system}");
    let fence = "`".repeat(6);
    assert_eq!(user.matches(&fence).count(), 6);
    let expected = format!("Question:\n{fence}\na ```` b\n{fence}\n\nAnswer A:\n{fence}\nx\n");
    assert!(user.starts_with(&expected), "{user}");
    assert_eq!(user.matches('ß').count(), SHOWN);
    let messages = brief(&question[..0], &[], None);
    assert!(messages[1].all_text().contains("```\n\n```"));
}
