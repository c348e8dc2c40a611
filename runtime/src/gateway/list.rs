//! A provider's live model list, all pages of it.
//!
//! Never here: choosing from it.

use serde::{Deserialize, de::IgnoredAny};

use super::Gateway;
use crate::{
    provider::{Class, Codec, Failure, Model},
    settings::Provider,
};

/// More pages than any provider has; a server that pages for ever is stopped here.
const PAGES: usize = 50;

/// What some proxies send with status 200.
#[derive(Deserialize)]
struct Reported {
    error: Option<IgnoredAny>,
}

impl Gateway {
    pub(super) async fn model_list(
        &self,
        provider: &Provider,
        codec: &dyn Codec,
    ) -> Result<Vec<Model>, Failure> {
        let mut models = Vec::new();
        let mut page: Option<String> = None;
        for _ in 0..PAGES {
            let request = codec.models(page.as_deref());
            let response = self.send(provider, codec, request, None, || {}).await?;
            let body = self.body(response).await?;
            let reported = serde_json::from_slice::<Reported>(&body);
            if reported.is_ok_and(|reported| reported.error.is_some()) {
                return Err(codec.failure(200, &body));
            }
            let list = codec.models_page(&body)?;
            models.extend(list.models);
            match list.next {
                // The same page twice would come for ever.
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok(models),
            }
        }
        Err(Failure::new(
            Class::Unavailable,
            format!("the model list has no end after {PAGES} pages"),
        ))
    }
}
