//! An echo tool on the official Rust SDK.

use rmcp::{
    ServiceExt, handler::server::wrapper::Parameters, schemars, tool, tool_router, transport::stdio,
};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Arguments {
    /// The question
    prompt: String,
}

struct Echo;

#[tool_router(server_handler)]
impl Echo {
    #[tool(name = "anygpt_chat_completion", description = "Repeat the prompt")]
    fn chat_completion(&self, Parameters(Arguments { prompt }): Parameters<Arguments>) -> String {
        prompt
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Echo.serve(stdio()).await?.waiting().await?;
    Ok(())
}
