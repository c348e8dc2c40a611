//! What the table adds to a provider's live list, which wins where both know something.
//!
//! Never here: reading a list, or choosing from it (`pick`).

use super::{Day, Facts, Input, Purpose};
use crate::{Abilities, Capability, Model, Price};

impl Facts {
    /// Adds what the table knows of the models of a provider's list. Prices only if they are those of the list's owner
    /// (`is_priced`).
    pub fn complete(&self, provider: &str, models: &mut [Model], day: Day, is_priced: bool) {
        for model in models {
            let Some(found) = self.find(provider, &model.id, day) else {
                continue;
            };
            let (row, rules) = (found.row, found.row.rules());
            let purpose = row.purpose();
            // A new sort of model is first known by its name.
            let is_chat = purpose.map(|it| it == Purpose::Chat);
            let is_chat = is_chat.filter(|chat| !(found.is_judged && *chat));
            // A list that says no more than that it generates says less than the table.
            model.chat = match is_chat {
                Some(false) => Some(false),
                known => model.chat.or(known),
            };
            let chats = model.may_chat();
            let of_chats = |known: Option<bool>| known.filter(|_| chats);
            let table = Abilities::default()
                .with(
                    Capability::Embeddings,
                    purpose.map(|it| it == Purpose::Embeddings),
                )
                .with(Capability::Images, purpose.map(|it| it == Purpose::Images))
                .with(
                    Capability::Vision,
                    of_chats(rules.inputs.map(|all| all.has(Input::Image))),
                )
                .with(Capability::Tools, of_chats(rules.tools))
                .with(Capability::Reasoning, of_chats(rules.reasons()))
                .with(Capability::Json, of_chats(rules.schemas));
            model.can = table.with_known(model.can);
            model.input_token_limit = model.input_token_limit.or(row.context());
            model.output_token_limit = model.output_token_limit.or(row.max_output());
            if model.efforts.is_empty() && chats {
                model.efforts = rules
                    .efforts
                    .into_iter()
                    .flat_map(|all| all.iter())
                    .collect();
            }
            if model.input_modalities.is_empty()
                && let Some(inputs) = rules.inputs
            {
                let words = ["text"].into_iter().chain(inputs.iter().map(Input::as_str));
                model.input_modalities = words.map(str::to_owned).collect();
            }
            if found.is_judged {
                continue;
            }
            let retires = row.retires().map(|day| day.to_string());
            model.retires = model.retires.take().or(retires);
            if is_priced && model.price.is_none() {
                model.price = row.price(day).map(|price| Price {
                    input: per_token(price.rates.input),
                    output: per_token(price.rates.output),
                    cached_input: price.rates.cached_input.map(per_token),
                    cache_write: price.rates.cache_write.map(per_token),
                });
            }
        }
    }
}

/// US dollars per token, of those per million.
fn per_token(usd: f64) -> String {
    let text = format!("{:.12}", usd / 1e6);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
