use crate::openai::Responses;
use crate::openai::responses::tests::MODELS;
use crate::*;

#[test]
fn model_lists() {
    assert_eq!(Responses.models(None).path, "/models");
    let page = Responses.models_page(MODELS.as_bytes()).unwrap();
    assert_eq!((page.models.len(), page.next.as_deref()), (9, None));
    let first = &page.models[0];
    assert_eq!(
        (first.id.as_str(), first.created, first.chat),
        ("gpt-4.1", Some(1_744_316_542), None)
    );
    let bare = MODELS
        .split_once("\"data\":")
        .unwrap()
        .1
        .strip_suffix('}')
        .unwrap();
    assert_eq!(Responses.models_page(bare.as_bytes()).unwrap(), page);
    for body in ["", "{}", "<html>", "{\"data\":7}"] {
        assert_eq!(
            Responses.models_page(body.as_bytes()).unwrap_err().class,
            ErrorKind::Unavailable
        );
    }
}
