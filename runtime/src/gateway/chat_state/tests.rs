use super::*;

fn state() -> ChatState {
    ChatState::new(ProviderIndex::new(0), "one", "a")
}

fn end(mut state: ChatState, stopped: Option<Failure>) -> Result<Reply, Box<AllFailed>> {
    state.end(stopped, &Redactor::default())?;
    Ok(state.reply)
}

fn failure(class: ErrorKind, status: u16) -> Failure {
    let mut failure = Failure::new(class, "words");
    failure.status = (status > 0).then_some(status);
    failure
}

fn attempt(state: &mut ChatState, text: &str, failure: Failure) {
    state.begin();
    state.reply.answer.text = text.to_owned();
    state.fail(failure);
}

#[test]
fn an_answer_after_failures_says_who_failed() {
    let mut state = state();
    attempt(&mut state, "", failure(ErrorKind::Unavailable, 503));
    attempt(&mut state, "", failure(ErrorKind::Unavailable, 503));
    state.turn_to(ProviderIndex::new(1), "two", "b");
    state.begin();
    state.reply.answer.text = "yes".into();
    state.succeed();
    let reply = end(state, None).unwrap();
    assert_eq!((reply.provider.as_str(), reply.partial), ("two", false));
    assert_eq!(
        reply.warnings,
        ["two/b answered instead: one/a: unavailable (HTTP 503), 2 times"]
    );
    let classes: Vec<Option<ErrorKind>> = reply.attempts.iter().map(|a| a.failed).collect();
    let unavailable = Some(ErrorKind::Unavailable);
    assert_eq!(classes, [unavailable, unavailable, None]);
}

#[test]
fn repetitions_alone_are_no_warning() {
    let mut state = state();
    attempt(&mut state, "", failure(ErrorKind::RateLimit, 429));
    state.begin();
    state.succeed();
    let reply = end(state, None).unwrap();
    assert_eq!((reply.warnings.len(), reply.attempts.len()), (0, 2));
}

#[test]
fn the_longest_broken_answer_is_handed_out_if_nobody_has_a_whole_one() {
    let mut state = state();
    attempt(&mut state, "too short", failure(ErrorKind::Network, 0));
    attempt(&mut state, "shorter", failure(ErrorKind::Unavailable, 0));
    attempt(&mut state, "", failure(ErrorKind::Auth, 401));
    let reply = end(state, None).unwrap();
    assert_eq!(
        (
            reply.answer.text.as_str(),
            reply.partial,
            reply.answer.finish
        ),
        ("too short", true, Some(Finish::Error))
    );
    assert_eq!(
        reply.warnings,
        ["The answer is not complete: network (words)"]
    );
}

#[test]
fn the_deadline_hands_out_what_there_is() {
    let mut state = state();
    state.begin();
    state.reply.answer.text = "beg".into();
    let stopped = Failure::new(ErrorKind::Timeout, "late");
    let reply = end(state, Some(stopped)).unwrap();
    assert_eq!(
        (reply.answer.text.as_str(), reply.answer.finish),
        ("beg", Some(Finish::Timeout))
    );
    assert_eq!(reply.attempts[0].failed, Some(ErrorKind::Timeout));
}

#[test]
fn the_most_useful_failure_is_the_error_and_all_attempts_are_listed() {
    let mut state = state();
    attempt(&mut state, "", failure(ErrorKind::Auth, 401));
    state.turn_to(ProviderIndex::new(1), "two", "");
    let wait = |ms| {
        let mut failure = failure(ErrorKind::RateLimit, 429);
        failure.retry_after = Some(Duration::from_millis(ms));
        failure
    };
    attempt(&mut state, "", wait(1));
    attempt(&mut state, "", wait(9_000));
    let all = end(state, None).unwrap_err();
    assert_eq!(all.reported.failure, wait(9_000));
    assert_eq!(all.reported.provider, ProviderIndex::new(1));
    assert_eq!(
        tally(&all.attempts),
        "one/a: auth (HTTP 401); two: rate_limit (HTTP 429), 2 times"
    );
}

#[test]
fn who_cannot_be_paid_is_no_attempt_and_is_told() {
    let unpaid = |state: &mut ChatState| {
        for name in ["two/b", "three/c"] {
            state.turn_to(ProviderIndex::new(1), "two", "b");
            state.begin();
            state.leave_out(name.to_owned(), false, format!("{name} costs too much"));
        }
    };
    let warning = "Not sent to two/b, three/c: two/b costs too much";
    let mut failed = state();
    attempt(&mut failed, "", failure(ErrorKind::Unavailable, 503));
    unpaid(&mut failed);
    let all = end(failed, None).unwrap_err();
    assert_eq!(
        (all.attempts.len(), all.reported.provider),
        (1, ProviderIndex::new(0))
    );
    assert_eq!(all.unpaid.unwrap().to_string(), warning);

    let mut broken = state();
    attempt(&mut broken, "few", failure(ErrorKind::Network, 0));
    unpaid(&mut broken);
    let reply = end(broken, None).unwrap();
    assert_eq!((reply.answer.text.as_str(), reply.partial), ("few", true));
    assert!(reply.warnings.iter().any(|it| it == warning));
}

#[test]
fn a_deadline_between_two_attempts_tells_of_the_last_one() {
    let mut state = state();
    attempt(&mut state, "", failure(ErrorKind::Unavailable, 503));
    let stopped = Failure::new(ErrorKind::Timeout, "late");
    let all = end(state, Some(stopped)).unwrap_err();
    assert_eq!(all.reported.failure.class, ErrorKind::Unavailable);
    assert_eq!(all.attempts.len(), 1);
}
