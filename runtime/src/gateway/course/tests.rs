use super::*;

fn course() -> Course {
    Course::new(0, "one", "a")
}

fn end(mut course: Course, stopped: Option<Failure>) -> Result<Reply, Box<AllFailed>> {
    course.end(stopped, &Redactor::default())?;
    Ok(course.reply)
}

fn failure(class: Class, status: u16) -> Failure {
    Failure {
        status: (status > 0).then_some(status),
        ..Failure::new(class, "words")
    }
}

fn attempt(course: &mut Course, text: &str, failure: Failure) {
    course.begin();
    course.reply.answer.text = text.to_owned();
    course.fail(failure);
}

#[test]
fn an_answer_after_failures_says_who_failed() {
    let mut course = course();
    attempt(&mut course, "", failure(Class::Unavailable, 503));
    attempt(&mut course, "", failure(Class::Unavailable, 503));
    course.turn_to(1, "two", "b");
    course.begin();
    course.reply.answer.text = "yes".into();
    course.succeed();
    let reply = end(course, None).unwrap();
    assert_eq!((reply.provider.as_str(), reply.partial), ("two", false));
    assert_eq!(
        reply.warnings,
        ["two/b answered instead: one/a: unavailable (HTTP 503), 2 times"]
    );
    let classes: Vec<Option<Class>> = reply.attempts.iter().map(|a| a.failed).collect();
    let unavailable = Some(Class::Unavailable);
    assert_eq!(classes, [unavailable, unavailable, None]);
}

#[test]
fn repetitions_alone_are_no_warning() {
    let mut course = course();
    attempt(&mut course, "", failure(Class::RateLimit, 429));
    course.begin();
    course.succeed();
    let reply = end(course, None).unwrap();
    assert_eq!((reply.warnings.len(), reply.attempts.len()), (0, 2));
}

#[test]
fn the_longest_broken_answer_is_handed_out_if_nobody_has_a_whole_one() {
    let mut course = course();
    attempt(&mut course, "too short", failure(Class::Network, 0));
    attempt(&mut course, "shorter", failure(Class::Unavailable, 0));
    attempt(&mut course, "", failure(Class::Auth, 401));
    let reply = end(course, None).unwrap();
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
    let mut course = course();
    course.begin();
    course.reply.answer.text = "beg".into();
    let stopped = Failure::new(Class::Timeout, "late");
    let reply = end(course, Some(stopped)).unwrap();
    assert_eq!(
        (reply.answer.text.as_str(), reply.answer.finish),
        ("beg", Some(Finish::Timeout))
    );
    assert_eq!(reply.attempts[0].failed, Some(Class::Timeout));
}

#[test]
fn the_most_useful_failure_is_the_error_and_all_attempts_are_listed() {
    let mut course = course();
    attempt(&mut course, "", failure(Class::Auth, 401));
    course.turn_to(1, "two", "");
    let wait = |ms| Failure {
        retry_after: Some(Duration::from_millis(ms)),
        ..failure(Class::RateLimit, 429)
    };
    attempt(&mut course, "", wait(1));
    attempt(&mut course, "", wait(9_000));
    let all = end(course, None).unwrap_err();
    assert_eq!(all.told.failure, wait(9_000));
    assert_eq!(all.told.provider, 1);
    assert_eq!(
        tally(&all.attempts),
        "one/a: auth (HTTP 401); two: rate_limit (HTTP 429), 2 times"
    );
}

#[test]
fn who_cannot_be_paid_is_no_attempt_and_is_told() {
    let unpaid = |course: &mut Course| {
        for name in ["two/b", "three/c"] {
            course.turn_to(1, "two", "b");
            course.begin();
            course.leave_out(name.to_owned(), format!("{name} costs too much"));
        }
    };
    let said = "Not asked: two/b, three/c: two/b costs too much";
    let mut failed = course();
    attempt(&mut failed, "", failure(Class::Unavailable, 503));
    unpaid(&mut failed);
    let all = end(failed, None).unwrap_err();
    assert_eq!((all.attempts.len(), all.told.provider), (1, 0));
    assert_eq!(all.unpaid.unwrap().to_string(), said);

    let mut broken = course();
    attempt(&mut broken, "few", failure(Class::Network, 0));
    unpaid(&mut broken);
    let reply = end(broken, None).unwrap();
    assert_eq!((reply.answer.text.as_str(), reply.partial), ("few", true));
    assert!(reply.warnings.iter().any(|it| it == said));
}

#[test]
fn a_deadline_between_two_attempts_tells_of_the_last_one() {
    let mut course = course();
    attempt(&mut course, "", failure(Class::Unavailable, 503));
    let stopped = Failure::new(Class::Timeout, "late");
    let all = end(course, Some(stopped)).unwrap_err();
    assert_eq!(all.told.failure.class, Class::Unavailable);
    assert_eq!(all.attempts.len(), 1);
}
