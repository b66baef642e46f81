//! What is known of a value before it is there: types, and the members of session and request.

/// What a value will be, as far as the text of an expression tells. Any of them may be null.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// Anything: what operators define, such as traits.
    Any,
    Null,
    Bool,
    Int,
    UInt,
    Double,
    Text,
    Time,
    Span,
    Type,
    List(&'static Self),
    /// Free keys.
    Map(&'static Self),
    /// Known members, and no others.
    Object(&'static Known),
}

/// An object whose members are known.
#[derive(Debug, PartialEq)]
pub(super) struct Known {
    /// As it is called in messages.
    pub(super) name: &'static str,
    pub(super) members: &'static [(&'static str, Shape)],
}

pub(super) static ANY: Shape = Shape::Any;
static TEXT: Shape = Shape::Text;

/// `session`, as whoami answers it, and `methods`.
pub(super) static SESSION: Known = Known {
    name: "session",
    members: &[
        ("id", Shape::Text),
        ("active", Shape::Bool),
        ("expires_at", Shape::Text),
        ("authenticated_at", Shape::Text),
        ("authenticator_assurance_level", Shape::Text),
        (
            "authentication_methods",
            Shape::List(&Shape::Object(&METHOD)),
        ),
        ("issued_at", Shape::Text),
        ("identity", Shape::Object(&IDENTITY)),
        ("devices", Shape::List(&Shape::Object(&DEVICE))),
        ("methods", Shape::List(&TEXT)),
        ("tokenized", Shape::Text),
    ],
};

static METHOD: Known = Known {
    name: "an entry of session.authentication_methods",
    members: &[
        ("method", Shape::Text),
        ("aal", Shape::Text),
        ("completed_at", Shape::Text),
        ("provider", Shape::Text),
        ("organization", Shape::Text),
        ("upstream_acr", Shape::Text),
        ("upstream_amr", Shape::List(&TEXT)),
    ],
};

static DEVICE: Known = Known {
    name: "an entry of session.devices",
    members: &[
        ("id", Shape::Text),
        ("ip_address", Shape::Text),
        ("user_agent", Shape::Text),
        ("location", Shape::Text),
    ],
};

static IDENTITY: Known = Known {
    name: "session.identity",
    members: &[
        ("id", Shape::Text),
        ("schema_id", Shape::Text),
        ("schema_url", Shape::Text),
        ("state", Shape::Text),
        ("state_changed_at", Shape::Text),
        ("traits", Shape::Any),
        (
            "verifiable_addresses",
            Shape::List(&Shape::Object(&ADDRESS)),
        ),
        ("recovery_addresses", Shape::List(&Shape::Object(&ADDRESS))),
        ("metadata_public", Shape::Any),
        ("metadata_admin", Shape::Any),
        ("credentials", Shape::Any),
        ("organization_id", Shape::Text),
        ("external_id", Shape::Text),
        ("region", Shape::Text),
        ("created_at", Shape::Text),
        ("updated_at", Shape::Text),
    ],
};

static ADDRESS: Known = Known {
    name: "an address of session.identity",
    members: &[
        ("id", Shape::Text),
        ("value", Shape::Text),
        ("verified", Shape::Bool),
        ("via", Shape::Text),
        ("status", Shape::Text),
        ("verified_at", Shape::Text),
        ("created_at", Shape::Text),
        ("updated_at", Shape::Text),
    ],
};

/// `request`.
pub(super) static REQUEST: Known = Known {
    name: "request",
    members: &[
        ("method", Shape::Text),
        ("scheme", Shape::Text),
        ("host", Shape::Text),
        ("path", Shape::Text),
        ("query", Shape::Map(&TEXT)),
        ("headers", Shape::Map(&TEXT)),
        ("ip", Shape::Text),
    ],
};

impl Known {
    pub(super) fn member(&self, name: &str) -> Option<Shape> {
        let found = self.members.iter().find(|(known, _)| *known == name);
        found.map(|(_, shape)| *shape)
    }
}

impl Shape {
    /// A list of such values.
    pub(super) const fn listed(self) -> Self {
        Self::List(match self {
            Self::Bool => &Self::Bool,
            Self::Int => &Self::Int,
            Self::UInt => &Self::UInt,
            Self::Double => &Self::Double,
            Self::Text => &Self::Text,
            Self::Time => &Self::Time,
            Self::Span => &Self::Span,
            Self::Any
            | Self::Null
            | Self::Type
            | Self::List(_)
            | Self::Map(_)
            | Self::Object(_) => &Self::Any,
        })
    }

    /// Whether a value of this shape may stand where `wanted` is.
    pub(super) fn fits(self, wanted: Self) -> bool {
        match (self, wanted) {
            (Self::Any | Self::Null, _) | (_, Self::Any | Self::Null) => true,
            (Self::List(items), Self::List(wanted)) => items.fits(*wanted),
            (Self::Map(_) | Self::Object(_), Self::Map(_) | Self::Object(_)) => true,
            _ => self == wanted,
        }
    }

    /// What a macro's variable will be; `None` where there is nothing to look at.
    pub(super) const fn item(self) -> Option<Self> {
        match self {
            Self::List(item) => Some(*item),
            Self::Map(_) | Self::Object(_) => Some(Self::Text),
            Self::Any | Self::Null => Some(Self::Any),
            Self::Bool
            | Self::Int
            | Self::UInt
            | Self::Double
            | Self::Text
            | Self::Time
            | Self::Span
            | Self::Type => None,
        }
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Int | Self::UInt | Self::Double)
    }

    /// Whether values of both can be the same.
    pub(super) fn compares_with(self, other: Self) -> bool {
        self.fits(other) || self.is_number() && other.is_number()
    }

    /// In messages: `a text`.
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Int => "an integer",
            Self::UInt => "an unsigned integer",
            Self::Double => "a decimal number",
            Self::Text => "a text",
            Self::Time => "a time",
            Self::Span => "a duration",
            Self::Type => "a type",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object(_) => "a map",
        }
    }
}
