use super::*;

#[test]
fn phases_are_told_apart_and_tokens_counted() {
    let mut progress = Progress::default();
    assert_eq!(progress.message(), "connecting");
    let mut answer = Answer {
        reasoning: "Hm, größe".into(),
        ..Answer::default()
    };
    assert!(progress.receive(&answer));
    assert_eq!(progress.message(), "reasoning: about 3 tokens so far");
    answer.reasoning.push_str(" and more");
    assert!(!progress.receive(&answer));
    answer.text = "größe".into();
    assert!(progress.receive(&answer));
    assert_eq!(
        progress.message(),
        "answering: about 6 tokens so far (5 characters)"
    );
    answer.text.push('ß');
    answer.usage.output_tokens = Some(70);
    assert!(!progress.receive(&answer));
    assert_eq!(
        progress.message(),
        "answering: about 70 tokens so far (6 characters)"
    );
    // Another attempt begins from the beginning.
    progress.phase = Phase::Waiting("again".into());
    assert_eq!(progress.message(), "again");
    let answer = Answer {
        text: "no".into(),
        ..Answer::default()
    };
    assert!(progress.receive(&answer));
    assert_eq!(
        progress.message(),
        "answering: about 1 tokens so far (2 characters)"
    );
}
