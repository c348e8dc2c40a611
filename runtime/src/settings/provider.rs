//! Which providers there are, and whether each can be used.
//!
//! Never here: talking to one.

use std::collections::BTreeMap;

use super::{
    BaseUrl, Network, Problem, ProxyKind, base_url,
    environment::{Environment, Found},
    file::ProviderEntry,
};
use crate::provider::{Codec, anthropic::Messages, google::GenerateContent, openai::Responses};

/// The id of the built-in echo.
pub(super) const MOCK: &str = "mock";

/// A provider as configured.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The name it is asked for by.
    pub id: String,
    /// How it is spoken to.
    pub kind: Kind,
    /// Where it is.
    pub base_url: BaseUrl,
    /// Its key and where that came from.
    pub key: Option<Found>,
    /// The variables that would give it a key.
    key_variables: &'static [&'static str],
    /// Needs no key: a local endpoint, or the mock.
    keyless: bool,
}

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OpenAI's Responses API.
    OpenAi,
    /// Anthropic's Messages API.
    Anthropic,
    /// Google's generateContent API.
    Google,
    /// Not at all: it echoes the last user text, offline.
    Mock,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::OpenAi, Kind::Anthropic, Kind::Google, Kind::Mock];

    /// The word for it in `type`, and the id of the built-in provider of this kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::OpenAi => "openai",
            Kind::Anthropic => "anthropic",
            Kind::Google => "google",
            Kind::Mock => MOCK,
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let name = canonical(name);
        Kind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The wire format; none for the mock.
    pub fn codec(self) -> Option<&'static dyn Codec> {
        match self {
            Kind::OpenAi => Some(&Responses),
            Kind::Anthropic => Some(&Messages),
            Kind::Google => Some(&GenerateContent),
            Kind::Mock => None,
        }
    }
}

impl Provider {
    /// Why it cannot be used, with what to do about it; `None` if it can.
    pub fn why_off(&self) -> Option<String> {
        if self.keyless || self.key.is_some() {
            return None;
        }
        let mend = match self.key_variables {
            [] => format!("set providers.{}.api_key", self.id),
            variables => format!("set {}", variables.join(" or ")),
        };
        Some(format!("it has no key ({mend})"))
    }
}

/// What people call it, as we do.
fn canonical(id: &str) -> &str {
    if id.eq_ignore_ascii_case("gemini") {
        "google"
    } else {
        id
    }
}

/// The provider of that name, in whatever case it is written.
pub(crate) fn position(providers: &[Provider], id: &str) -> Option<usize> {
    let id = canonical(id);
    providers
        .iter()
        .position(|provider| provider.id.eq_ignore_ascii_case(id))
}

/// A provider that is there without being configured.
struct BuiltIn {
    kind: Kind,
    key_variables: &'static [&'static str],
    url_variables: &'static [&'static str],
}

const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        kind: Kind::OpenAi,
        key_variables: &["OPENAI_API_KEY"],
        url_variables: &["OPENAI_BASE_URL"],
    },
    BuiltIn {
        kind: Kind::Anthropic,
        key_variables: &["ANTHROPIC_API_KEY"],
        url_variables: &["ANTHROPIC_BASE_URL"],
    },
    BuiltIn {
        kind: Kind::Google,
        key_variables: &["GOOGLE_API_KEY", "GEMINI_API_KEY"],
        url_variables: &["GOOGLE_GEMINI_BASE_URL"],
    },
];

/// All providers: the built-in ones, then those of the file. With `guarded` no key may travel in the
/// open to a public address, neither directly nor by way of a proxy.
pub(super) fn all(
    environment: &Environment<'_>,
    mut entries: BTreeMap<String, ProviderEntry>,
    wants_mock: bool,
    guarded: Option<&Network>,
    warnings: &mut Vec<String>,
) -> Result<Vec<Provider>, Problem> {
    if let Some(entry) = entries.remove("gemini")
        && entries.insert("google".into(), entry).is_some()
    {
        return Err(Problem::new(
            "providers.gemini",
            "is another name of providers.google, and both are there",
            "keep one of them",
        ));
    }
    let reader = Reader {
        environment,
        guarded,
    };
    let mut providers = Vec::new();
    for built_in in BUILT_IN {
        let id = built_in.kind.as_str();
        let entry = entries.remove(id).unwrap_or_default();
        if entry.kind(id)?.is_some_and(|kind| kind != built_in.kind) {
            return Err(Problem::new(
                &format!("providers.{id}.type"),
                "is not the type of this built-in provider",
                "leave it out, or choose another id",
            ));
        }
        let key = key(environment, built_in.key_variables, warnings)?;
        let mut url = None;
        for variable in built_in.url_variables {
            if let Some(text) = environment.value(variable)? {
                url = Some((variable.to_string(), BaseUrl::parse(variable, &text)?));
                break;
            }
        }
        let provider = reader.provider(id, built_in.kind, entry, key, url)?;
        providers.push(Provider {
            key_variables: built_in.key_variables,
            ..provider
        });
    }
    if wants_mock {
        entries.entry(MOCK.into()).or_default();
    }
    for (id, entry) in entries {
        let place = format!("providers.{id}");
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || !id.chars().all(allowed) || position(&providers, &id).is_some() {
            return Err(Problem::new(
                &place,
                "is not a possible id",
                "use letters, digits, - _ and ., and each id once, whatever its case",
            ));
        }
        let kind = match entry.kind(&id)? {
            Some(kind) => kind,
            None if id == MOCK => Kind::Mock,
            None => {
                return Err(Problem::new(
                    &place,
                    "has no type",
                    format!("add type: {}", kinds()),
                ));
            }
        };
        if kind != Kind::Mock && entry.base_url.is_none() && entry.api_key.is_none() {
            return Err(Problem::new(
                &place,
                "has neither a base_url nor an api_key",
                "add one of them",
            ));
        }
        providers.push(reader.provider(&id, kind, entry, None, None)?);
    }
    Ok(providers)
}

fn kinds() -> String {
    Kind::ALL.map(Kind::as_str).join(", ")
}

/// The first of these variables that holds a key.
fn key(
    environment: &Environment<'_>,
    variables: &[&str],
    warnings: &mut Vec<String>,
) -> Result<Option<Found>, Problem> {
    let mut first: Option<(&str, Found)> = None;
    for variable in variables {
        let Some(found) = environment.secret(variable)? else {
            continue;
        };
        match &first {
            None => first = Some((variable, found)),
            Some((used, key)) if key.secret != found.secret => warnings.push(format!(
                "{used} and {variable} hold different keys; {used} is used"
            )),
            Some(_) => {}
        }
    }
    Ok(first.map(|(_, found)| found))
}

impl ProviderEntry {
    fn kind(&self, id: &str) -> Result<Option<Kind>, Problem> {
        let Some(name) = &self.kind else {
            return Ok(None);
        };
        Kind::from_name(&name.value).map(Some).ok_or_else(|| {
            Problem::new(
                &name.place(&format!("providers.{id}.type")),
                format!("is {:?}", name.value),
                format!("use one of {}", kinds()),
            )
        })
    }
}

/// Brings together what an entry of the file says and what the environment says, which wins.
struct Reader<'e> {
    environment: &'e Environment<'e>,
    guarded: Option<&'e Network>,
}

impl Reader<'_> {
    fn provider(
        &self,
        id: &str,
        kind: Kind,
        entry: ProviderEntry,
        key: Option<Found>,
        base_url: Option<(String, BaseUrl)>,
    ) -> Result<Provider, Problem> {
        let place = format!("providers.{id}");
        let key = match (key, entry.api_key) {
            (None, Some(text)) => self
                .environment
                .secret_in_file(&text.place(&format!("{place}.api_key")), &text.value)?,
            (key, _) => key,
        };
        let base_url = match (base_url, entry.base_url) {
            (None, Some(text)) => {
                let place = text.place(&format!("{place}.base_url"));
                let base_url = BaseUrl::parse(&place, &text.value)?;
                Some((place, base_url))
            }
            (base_url, _) => base_url,
        };
        if let Some((place, base_url)) = &base_url
            && key.is_some()
            && let Some(network) = self.guarded
        {
            if !base_url.may_carry_keys() {
                return Err(Problem::new(
                    place,
                    "would send a key over plain http to a public address",
                    "use https, or set ANYGPT_ALLOW_INSECURE_HTTP=1 if you know what you do",
                ));
            }
            // For https it is a tunnel that cannot be looked into.
            if base_url.is_http()
                && let Some(proxy) = base_url.uri().and_then(|url| network.proxy(&url))
                && proxy.kind() != ProxyKind::Https
                && !base_url::is_private(proxy.host())
            {
                return Err(Problem::new(
                    place,
                    format!(
                        "would send a key over plain http to the proxy {proxy} at a public address"
                    ),
                    "add its host to NO_PROXY, use https, or set ANYGPT_ALLOW_INSECURE_HTTP=1 if you \
                     know what you do",
                ));
            }
        }
        // An endpoint in the private network may work without a key; a public one never does.
        let keyless =
            kind == Kind::Mock || base_url.as_ref().is_some_and(|(_, url)| url.is_private());
        let base_url = match (base_url, kind.codec()) {
            (Some((_, base_url)), _) => base_url,
            (None, Some(codec)) => BaseUrl::parse(id, codec.default_base_url())?,
            (None, None) => BaseUrl::default(),
        };
        Ok(Provider {
            id: id.to_owned(),
            kind,
            base_url,
            key,
            key_variables: &[],
            keyless,
        })
    }
}
