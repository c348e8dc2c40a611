//! The address of an Azure resource.
//!
//! Never here: Azure's variables (`presets`).

use anygpt_providers::{Dialect, presets::AZURE_DATED};

use super::{
    address::ENDPOINTS,
    common::Address,
    reader::{Reader, Written},
};
use crate::settings::{base_url::BaseUrl, disclosure::shown, problem::Problem};

/// Wins over the version in the address.
const VERSION: &str = "OPENAI_API_VERSION";

impl Reader<'_> {
    /// The address of an Azure resource: where its v1 API is, or where the API of a dated version is. The address of a
    /// whole endpoint has version and deployment, too; the latter is the name of a model.
    pub(super) fn azure(
        &self,
        at: &Written,
        whole: &str,
        dialect: Dialect,
    ) -> Result<Address, Problem> {
        let mut url = BaseUrl::parse(&at.place, whole)?;
        let in_url = url.take_parameter("api-version");
        let version = self.azure_version(&at.place, in_url)?;
        let mut url = url.without(&ENDPOINTS).without(&["/models"]);
        let mut model = None;
        if let Some((before, deployment)) = url.path().rsplit_once("/deployments/") {
            let end = url.path().len() - before.len();
            model = deployment.split('/').next().map(str::to_owned);
            url = url.without_last(end);
        } else {
            url = url.without(&["/deployments"]);
        }
        let path = url.path();
        let is_v1 = path.ends_with("/v1");
        let dated = !is_v1 && version.as_ref().is_some_and(|it| it.starts_with('2'));
        let below = match (path.ends_with("/openai"), dated) {
            _ if is_v1 => "",
            (true, true) => "",
            (true, false) => "/v1",
            (false, true) => "/openai",
            (false, false) => "/openai/v1",
        };
        // The v1 API knows these words for what is not released yet.
        let version = version.filter(|it| dated || ["preview", "latest"].contains(&it.as_str()));
        url = url.below(below);
        if let Some(version) = version {
            url.add_parameter("api-version", &version);
        }
        Ok(Address {
            base_url: url,
            deployment: model.filter(|it| !it.is_empty()),
            dialect: match dialect {
                // Responses name the model in the body, whatever the version.
                Dialect::OpenAi => dialect,
                _ if dated => Dialect::Compatible(&AZURE_DATED),
                _ => dialect,
            },
        })
    }

    fn azure_version(
        &self,
        url_place: &str,
        in_url: Option<String>,
    ) -> Result<Option<String>, Problem> {
        let (place, version) = match self.foreign.value(self.environment, VERSION)? {
            Some((place, version)) => (place, Some(version)),
            None => (url_place.to_owned(), in_url),
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        match version.as_ref().filter(|it| !it.chars().all(allowed)) {
            None => Ok(version),
            Some(version) => Err(Problem::new(
                &place,
                format!("has the API version {}", shown(version, [])),
                "use a version such as 2024-10-21, or none for the v1 API",
            )),
        }
    }
}
