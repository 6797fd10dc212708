//! What a process does of what Evident does.

/// What a process does. The embedded one does everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `evident`: commands, projection and queries.
    Everything,
    /// `command-api`: commands alone.
    Commands,
    /// `projector`: projection alone. It answers machines, and nobody else.
    Projection,
    /// `query-api`: queries alone.
    Queries,
}

impl Role {
    /// The name of its binary.
    pub(crate) const fn binary(self) -> &'static str {
        match self {
            Role::Everything => "evident",
            Role::Commands => "command-api",
            Role::Projection => "projector",
            Role::Queries => "query-api",
        }
    }

    /// Whether it takes commands.
    pub(crate) const fn decides(self) -> bool {
        matches!(self, Role::Everything | Role::Commands)
    }

    /// Whether anybody but machines asks it.
    pub(crate) const fn is_public(self) -> bool {
        self.decides() || self.answers()
    }

    /// Whether it follows the log into the read models.
    pub(crate) const fn projects(self) -> bool {
        matches!(self, Role::Everything | Role::Projection)
    }

    /// Whether it answers queries.
    pub(crate) const fn answers(self) -> bool {
        matches!(self, Role::Everything | Role::Queries)
    }
}
