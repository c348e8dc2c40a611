use super::*;

const ALONE: Situation = Situation {
    repeated: 0,
    allowed: 2,
    has_next: false,
    took: Duration::ZERO,
    left: Duration::from_secs(55),
    jitter: 0.0,
};

const ONE_OF_TWO: Situation = Situation {
    has_next: true,
    ..ALONE
};

fn failure(class: ErrorKind, wait_ms: u64) -> Failure {
    let mut failure = Failure::new(class, "").at(Stage::Free);
    failure.retry_after = (wait_ms > 0).then(|| Duration::from_millis(wait_ms));
    failure
}

fn again(ms: u64) -> Next {
    Next::Again(Duration::from_millis(ms))
}

const ALL: [ErrorKind; 15] = [
    ErrorKind::Auth,
    ErrorKind::Permission,
    ErrorKind::ModelNotFound,
    ErrorKind::InvalidRequest,
    ErrorKind::ContextLength,
    ErrorKind::TooLarge,
    ErrorKind::RateLimit,
    ErrorKind::Quota,
    ErrorKind::ContentFilter,
    ErrorKind::Timeout,
    ErrorKind::Network,
    ErrorKind::Unavailable,
    ErrorKind::EmptyResponse,
    ErrorKind::Cancelled,
    ErrorKind::Config,
];

#[test]
fn only_what_may_pass_is_repeated_and_only_a_cancel_ends_the_chain() {
    for class in ALL {
        let may_pass = matches!(
            class,
            ErrorKind::RateLimit | ErrorKind::Network | ErrorKind::Unavailable
        );
        let failure = failure(class, 0);
        let expected = if may_pass { again(500) } else { Next::GiveUp };
        assert_eq!(ALONE.after(&failure), expected, "{class:?}");
        let expected = match class {
            _ if may_pass => again(500),
            ErrorKind::Cancelled => Next::GiveUp,
            _ => Next::Another,
        };
        assert_eq!(ONE_OF_TWO.after(&failure), expected, "{class:?}");
        let tired = Situation {
            repeated: 2,
            ..ONE_OF_TWO
        };
        let expected = match class {
            ErrorKind::Cancelled => Next::GiveUp,
            _ => Next::Another,
        };
        assert_eq!(tired.after(&failure), expected, "{class:?}");
        let never = Situation {
            allowed: 0,
            ..ALONE
        };
        assert_eq!(never.after(&failure), Next::GiveUp, "{class:?}");
    }
}

#[test]
fn what_was_generated_is_never_asked_for_again() {
    for class in ALL {
        let after = |stage, should_retry| {
            let mut failure = failure(class, 0).at(stage);
            failure.should_retry = should_retry;
            (ALONE.after(&failure), ONE_OF_TWO.after(&failure))
        };
        let next = match class {
            ErrorKind::Cancelled => Next::GiveUp,
            _ => Next::Another,
        };
        for word in [None, Some(true), Some(false)] {
            assert_eq!(after(Stage::Taken, word), (Next::GiveUp, next), "{class:?}");
        }
        let declined = match class {
            ErrorKind::RateLimit | ErrorKind::Unavailable => (again(500), again(500)),
            _ => (Next::GiveUp, next),
        };
        assert_eq!(after(Stage::Declined, None), declined, "{class:?}");
        // Before a status the class decides, and the provider's word.
        let both = [Stage::Free, Stage::Unanswered].map(|stage| after(stage, None));
        assert_eq!(both[0], both[1], "{class:?}");
    }
}

#[test]
fn the_provider_s_word_counts_except_where_money_is_missing() {
    let with_header = |class, should_retry| {
        let mut failure = failure(class, 0);
        failure.should_retry = Some(should_retry);
        failure
    };
    assert_eq!(
        ALONE.after(&with_header(ErrorKind::Unavailable, false)),
        Next::GiveUp
    );
    assert_eq!(
        ALONE.after(&with_header(ErrorKind::RateLimit, false)),
        Next::GiveUp
    );
    assert_eq!(
        ALONE.after(&with_header(ErrorKind::InvalidRequest, true)),
        again(500)
    );
    assert_eq!(
        ALONE.after(&with_header(ErrorKind::Quota, true)),
        Next::GiveUp
    );
    assert_eq!(
        ONE_OF_TWO.after(&with_header(ErrorKind::Unavailable, false)),
        Next::Another
    );
    let mut redirect = failure(ErrorKind::Unavailable, 0);
    redirect.status = Some(302);
    assert_eq!(ALONE.after(&redirect), Next::GiveUp);
}

#[test]
fn pauses_double_up_to_eight_seconds_less_a_quarter_at_most() {
    let pause = |repeated, jitter| {
        let situation = Situation {
            repeated,
            allowed: u32::MAX,
            jitter,
            ..ALONE
        };
        situation.after(&failure(ErrorKind::Unavailable, 0))
    };
    let most: Vec<Next> = (0..6).map(|repeated| pause(repeated, 0.0)).collect();
    assert_eq!(most, [500, 1000, 2000, 4000, 8000, 8000].map(again));
    let least: Vec<Next> = (0..6).map(|repeated| pause(repeated, 1.0)).collect();
    assert_eq!(least, [375, 750, 1500, 3000, 6000, 6000].map(again));
    assert_eq!(pause(1_000_000, 0.5), again(7000));
}

#[test]
fn the_wait_that_is_asked_for_is_kept_or_nothing_is_repeated() {
    let alone = |ms| ALONE.after(&failure(ErrorKind::RateLimit, ms));
    assert_eq!(alone(20), again(20));
    assert_eq!(alone(17_000), again(17_000));
    // Nobody waits beyond the deadline, or for minutes.
    assert_eq!(alone(55_000), Next::GiveUp);
    let patient = Situation {
        left: Duration::from_secs(3600),
        ..ALONE
    };
    assert_eq!(
        patient.after(&failure(ErrorKind::RateLimit, 120_000)),
        again(120_000)
    );
    assert_eq!(
        patient.after(&failure(ErrorKind::RateLimit, 121_000)),
        Next::GiveUp
    );
    // With somebody behind, a few seconds are enough.
    let chained = |ms| ONE_OF_TWO.after(&failure(ErrorKind::RateLimit, ms));
    assert_eq!(chained(5_000), again(5_000));
    assert_eq!(chained(6_000), Next::Another);
    let slow = Situation {
        took: Duration::from_secs(10),
        ..ONE_OF_TWO
    };
    assert_eq!(slow.after(&failure(ErrorKind::Network, 0)), Next::Another);
    let late = Situation {
        left: Duration::ZERO,
        ..ONE_OF_TWO
    };
    assert_eq!(late.after(&failure(ErrorKind::Auth, 0)), Next::GiveUp);
}

#[test]
fn shares_are_equal() {
    let seconds = Duration::from_secs;
    assert_eq!(share(seconds(55), 2), Duration::from_millis(27_500));
    assert_eq!(share(seconds(55), 3), Duration::from_millis(18_300));
    assert_eq!(share(seconds(1), 0), seconds(1));
}

#[test]
fn the_failure_that_helps_soonest_is_explained() {
    let useful = |classes: &[ErrorKind]| most_useful(classes, |class| *class).copied();
    assert_eq!(
        useful(&[
            ErrorKind::Auth,
            ErrorKind::RateLimit,
            ErrorKind::Unavailable
        ]),
        Some(ErrorKind::RateLimit)
    );
    assert_eq!(
        useful(&[ErrorKind::Network, ErrorKind::Unavailable, ErrorKind::Quota]),
        Some(ErrorKind::Network)
    );
    assert_eq!(
        useful(&[ErrorKind::Auth, ErrorKind::ContextLength]),
        Some(ErrorKind::ContextLength)
    );
    assert_eq!(useful(&[]), None);
}
