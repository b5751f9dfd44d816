//! How far a sign-in is, for somebody who watches. Says nothing about whom or where.

use std::fmt;

/// What is being done at AWS, in this order. A profile that exists is neither created nor waited for, and few destinations
/// are in a space. A notebook instance is looked for before STS is asked, and then started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// STS is asked for the role session.
    SigningIn,
    /// The profile is looked up.
    Looking,
    /// The profile is created, with its lifecycle configs.
    Creating,
    /// The profile is not in service yet.
    Waiting,
    /// The space that the destination is in is created, or is not in service yet.
    Space,
    /// The notebook instance is started, or is not in service yet.
    Instance,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 6] =
        [Self::SigningIn, Self::Looking, Self::Creating, Self::Waiting, Self::Space, Self::Instance];

    /// What stands for it in pages and events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SigningIn => "signing-in",
            Self::Looking => "looking",
            Self::Creating => "creating",
            Self::Waiting => "waiting",
            Self::Space => "space",
            Self::Instance => "instance",
        }
    }
}

/// Told of each step when it begins; of one that goes on, perhaps more than once.
pub struct Progress(Box<dyn Fn(Step) + Send + Sync>);

impl Progress {
    /// Progress that `tell` hears of. It must not block.
    pub fn watched(tell: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Box::new(tell))
    }

    /// Progress that nobody watches.
    #[must_use]
    pub fn unwatched() -> Self {
        Self(Box::new(|_| {}))
    }

    pub(crate) fn at(&self, step: Step) {
        (self.0)(step);
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}
