use super::*;
use crate::dns::tests::run;
use futures_util::FutureExt as _;

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
        let (owner, returned) = mpsc::channel();
        let borrowed = Borrowed {
            answer: text("one two three"),
            owner,
        };
        let answer = &mut answer;
        drop(borrowed);
        drop(Lender { answer, returned });
        assert_eq!(*answer, text("one two three"));

        // Or it has not, and nobody is kept waiting for it.
        let (go, wait) = mpsc::channel::<()>();
        let read = move |_: &mut Answer| wait.recv().is_ok();
        assert!(Box::pin(add(LONG, answer, read)).now_or_never().is_none());
        assert_eq!(*answer, Answer::default());
        drop(go);
    });
}
