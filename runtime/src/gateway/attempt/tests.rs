use super::*;
use crate::dns::tests::run;

#[test]
fn an_answer_on_another_thread_comes_back_if_that_takes_no_time() {
    const LONG: usize = LITTLE + 1;
    let text = |text: &str| Answer {
        text: text.into(),
        ..Answer::default()
    };
    run(async {
        let mut answer = text("one ");
        let read = |answer: &mut Answer| {
            answer.text.push_str("two");
            3
        };
        assert_eq!(add(LONG, &mut answer, read).await, 3);
        assert_eq!(answer, text("one two"));

        // The call ends, and it has been read meanwhile.
        let (owner, back) = mpsc::channel();
        let borrowed = Borrowed {
            answer: text("one two three"),
            owner,
        };
        let answer = &mut answer;
        drop(borrowed);
        drop(Lent { answer, back });
        assert_eq!(*answer, text("one two three"));

        // Or it has not, and nobody is kept waiting for it.
        let (go, wait) = mpsc::channel::<()>();
        let read = move |_: &mut Answer| wait.recv().is_ok();
        assert!(Box::pin(add(LONG, answer, read)).now_or_never().is_none());
        assert_eq!(*answer, Answer::default());
        drop(go);
    });
}

#[test]
fn only_another_model_or_the_operator_ends_a_silence() {
    let seconds = Duration::from_secs;
    let bound = |most| Bound {
        most: seconds(most),
        place: "PLACE".into(),
    };
    for (patience, operator, limit, whose) in [
        (None, None, None, ""),
        (Some(5), None, Some(5), ""),
        (None, Some(7), Some(7), ", and PLACE allows no more"),
        (Some(5), Some(7), Some(5), ""),
        (Some(7), Some(5), Some(5), ", and PLACE allows no more"),
    ] {
        let bound = operator.map(bound);
        let patience = Patience::of(patience.map(seconds), bound.as_ref());
        assert_eq!(patience.limit, limit.map(seconds));
        assert_eq!(patience.whose(), whose);
    }
}

#[test]
fn waits_are_read_in_every_form() {
    // Sun, 06 Nov 1994 08:49:37 GMT
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let wait = |headers: &[(&'static str, &str)]| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        retry_after(&map, now).map(|wait| wait.as_millis())
    };
    for (headers, ms) in [
        (
            &[("retry-after-ms", "20"), ("retry-after", "9")][..],
            Some(20),
        ),
        (
            &[("retry-after-ms", "x"), ("retry-after", "9")],
            Some(9_000),
        ),
        (&[("retry-after", " 1.5 ")], Some(1_500)),
        (&[("retry-after", "0")], Some(0)),
        (
            &[("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT")],
            Some(20_000),
        ),
        (
            &[("retry-after", "Sunday, 06-Nov-94 08:49:57 GMT")],
            Some(20_000),
        ),
        (&[("retry-after", "Sun, 06 Nov 1994 08:49:07 GMT")], None),
        (&[("retry-after", "soon")], None),
        (&[("retry-after", "-5")], None),
        (&[("retry-after", "nan")], None),
        (&[("retry-after", "1e300")], None),
        (&[], None),
    ] {
        assert_eq!(wait(headers), ms, "{headers:?}");
    }
}
