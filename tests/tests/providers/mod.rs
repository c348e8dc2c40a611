//! Between the gateway and its providers: requests, replies, attempts, connections.

mod attempts;
mod chat_completions;
mod destinations;
mod fixtures;
mod floods;
mod http;
mod perplexity;
mod requests;
mod wire;
mod wire_pieces;
