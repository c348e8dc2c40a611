//! What the tokens, pictures and searches of a model cost.
//!
//! Never here: which model costs what, or the cost of an answer.

/// US dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    pub input: f64,
    /// Input from a cache; priced as other input if none.
    pub cached_input: Option<f64>,
    /// Input written to a cache; likewise.
    pub cache_write: Option<f64>,
    /// Output, reasoning included.
    pub output: f64,
}

impl Rates {
    /// Where input costs this instead, and all else changes as much.
    #[must_use]
    pub fn scaled_to(&self, input: f64) -> Self {
        let factor = match self.input > 0.0 {
            true => input / self.input,
            false => 1.0,
        };
        Rates {
            input,
            cached_input: self.cached_input.map(|price| price * factor),
            cache_write: self.cache_write.map(|price| price * factor),
            output: self.output * factor,
        }
    }
}

/// The price of a model, published or configured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TokenPrice {
    pub rates: Rates,
    /// Above so many tokens of input, all tokens of a request cost this.
    pub long: Option<(u64, Rates)>,
    /// Sound in the input, in US dollars per million tokens; as other input if none.
    pub audio_input: Option<f64>,
    /// Pictures in the input, likewise.
    pub image_input: Option<f64>,
    /// Pictures in the output, in US dollars per million tokens; as other output if none.
    pub image_output: Option<f64>,
    /// US dollars for a picture whose tokens are not counted.
    pub per_image: Option<f64>,
    /// US dollars for a thousand searches.
    pub search: Option<f64>,
    /// What other service tiers cost in place of this.
    pub flex: Option<Factor>,
    pub priority: Option<Factor>,
}

/// The price of a service tier, in shares of the standard one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    pub input: f64,
    pub output: f64,
}

/// How fast a request was served, which decides what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    Standard,
    Flex,
    Priority,
    /// One of which no price is known.
    Other,
}

impl Tier {
    /// The provider's word for it.
    pub(crate) fn read(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        match word.rsplit('_').next().unwrap_or_default() {
            // Of Anthropic, OpenAI and Google; OpenAI says `auto` where it serves the usual one.
            "standard" | "default" | "auto" | "demand" | "unspecified" | "" => Tier::Standard,
            "flex" => Tier::Flex,
            "priority" => Tier::Priority,
            _ => Tier::Other,
        }
    }
}

impl TokenPrice {
    /// The price of tokens alone.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        TokenPrice {
            rates,
            ..TokenPrice::default()
        }
    }

    /// Its parts by their names, without those that are not known: US dollars, and `long_from` in tokens.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let rates = |rates: Rates| {
            [
                Some(rates.input),
                rates.cached_input,
                rates.cache_write,
                Some(rates.output),
            ]
        };
        let long = self.long.map(|(_, long)| rates(long)).unwrap_or_default();
        let [input, cached_input, cache_write, output] = rates(self.rates);
        let tier = |tier| {
            self.at(tier)
                .filter(|price| price != self)
                .map(|it| it.rates)
        };
        let (flex, priority) = (tier(Tier::Flex), tier(Tier::Priority));
        #[allow(clippy::cast_precision_loss)] // No window has 2^53 tokens.
        let long_from = self.long.map(|(from, _)| from as f64);
        let all = [
            ("input", input),
            ("cached_input", cached_input),
            ("cache_write", cache_write),
            ("output", output),
            ("audio_input", self.audio_input),
            ("image_input", self.image_input),
            ("image_output", self.image_output),
            ("per_image", self.per_image),
            ("search", self.search),
            ("long_from", long_from),
            ("long_input", long[0]),
            ("long_cached_input", long[1]),
            ("long_cache_write", long[2]),
            ("long_output", long[3]),
            ("flex_input", flex.map(|rates| rates.input)),
            ("flex_output", flex.map(|rates| rates.output)),
            ("priority_input", priority.map(|rates| rates.input)),
            ("priority_output", priority.map(|rates| rates.output)),
        ];
        all.into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }

    /// The rates of a request with so much input.
    #[must_use]
    pub fn for_input(&self, input: u64) -> Rates {
        match self.long {
            Some((from, rates)) if input > from => rates,
            _ => self.rates,
        }
    }

    /// The price at a service tier, if it is known.
    #[must_use]
    pub fn at(&self, tier: Tier) -> Option<Self> {
        let factor = match tier {
            Tier::Standard => return Some(*self),
            Tier::Flex => self.flex?,
            Tier::Priority => self.priority?,
            Tier::Other => return None,
        };
        let times = |rates: Rates| Rates {
            input: rates.input * factor.input,
            cached_input: rates.cached_input.map(|price| price * factor.input),
            cache_write: rates.cache_write.map(|price| price * factor.input),
            output: rates.output * factor.output,
        };
        Some(TokenPrice {
            rates: times(self.rates),
            long: self.long.map(|(from, rates)| (from, times(rates))),
            audio_input: self.audio_input.map(|price| price * factor.input),
            image_input: self.image_input.map(|price| price * factor.input),
            image_output: self.image_output.map(|price| price * factor.output),
            ..*self
        })
    }

    /// The dearer of two prices, part by part, so that it is a bound on both.
    #[must_use]
    pub fn dearer(self, other: TokenPrice) -> Self {
        let most = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        // What is not charged apart costs as much as other input.
        let part = |one: Option<f64>, input: f64, other: Option<f64>, other_input: f64| {
            most(one, other).map(|_| one.unwrap_or(input).max(other.unwrap_or(other_input)))
        };
        let rates = |one: Rates, other: Rates| Rates {
            input: one.input.max(other.input),
            cached_input: part(one.cached_input, one.input, other.cached_input, other.input),
            cache_write: part(one.cache_write, one.input, other.cache_write, other.input),
            output: one.output.max(other.output),
        };
        let long = match (self.long, other.long) {
            (None, None) => None,
            (one, another) => {
                let from = one.into_iter().chain(another).map(|(from, _)| from).min();
                let long = |price: TokenPrice| price.long.map_or(price.rates, |(_, rates)| rates);
                from.map(|from| (from, rates(long(self), long(other))))
            }
        };
        TokenPrice {
            rates: rates(self.rates, other.rates),
            long,
            audio_input: most(self.audio_input, other.audio_input),
            image_input: most(self.image_input, other.image_input),
            image_output: most(self.image_output, other.image_output),
            per_image: most(self.per_image, other.per_image),
            search: most(self.search, other.search),
            flex: None,
            priority: None,
        }
    }
}
