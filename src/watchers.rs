//! Places for requests that wait for AWS as long as a sign-in may take: so many at an instance, and so many of them for
//! one person, so that nobody takes the places of all others.

use crate::identity::Identity;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most places that one person has. Each page that is looked at takes one, and a second while its button is pressed.
pub const MOST_OF_ONE: usize = 6;

/// Key of the IdP and user id: two IdPs may know two people by the same id.
type Who = (String, String);

/// How many places each person has who has any.
type Taken = Arc<Mutex<HashMap<Who, usize>>>;

/// All places of an instance. Clones share them.
#[derive(Debug, Clone)]
pub struct Watchers {
    free: Arc<Semaphore>,
    taken: Taken,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// The instance has no more of them.
    Full,
    /// This person has as many as one may.
    TooMany,
}

/// One place. It is given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    taken: Taken,
    who: Who,
    _permit: OwnedSemaphorePermit,
}

impl Watchers {
    /// `most` places, none of them taken.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(most)), taken: Taken::default() }
    }

    /// A place for this person.
    ///
    /// # Errors
    /// When there is none, for anybody or for this person.
    pub fn place(&self, identity: &Identity) -> Result<Place, NoPlace> {
        self.place_of((identity.idp().to_owned(), identity.user_id().to_owned()))
    }

    fn place_of(&self, who: Who) -> Result<Place, NoPlace> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(&who).is_some_and(|places| *places >= MOST_OF_ONE) {
            return Err(NoPlace::TooMany);
        }
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| NoPlace::Full)?;
        *taken.entry(who.clone()).or_default() += 1;
        Ok(Place { taken: Arc::clone(&self.taken), who, _permit: permit })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.who) {
            Some(places) if *places > 1 => *places -= 1,
            _ => {
                taken.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(name: &str) -> Who {
        ("corp".into(), name.into())
    }

    #[test]
    fn one_person_leaves_places_to_others() {
        let watchers = Watchers::new(100);
        let mut mine: Vec<_> = (0..MOST_OF_ONE).map(|_| watchers.place_of(who("alice")).unwrap()).collect();
        assert_eq!(watchers.place_of(who("alice")).unwrap_err(), NoPlace::TooMany);
        watchers.place_of(who("bob")).unwrap();
        watchers.place_of(("partner".into(), "alice".into())).unwrap();
        // One that is given back can be had again, and no more than that.
        mine.pop();
        mine.push(watchers.place_of(who("alice")).unwrap());
        assert_eq!(watchers.place_of(who("alice")).unwrap_err(), NoPlace::TooMany);
    }

    #[test]
    fn nobody_is_remembered_who_has_left() {
        let watchers = Watchers::new(2);
        let (one, another) = (watchers.place_of(who("a")).unwrap(), watchers.place_of(who("b")).unwrap());
        assert_eq!(watchers.place_of(who("c")).unwrap_err(), NoPlace::Full);
        drop((one, another));
        assert!(watchers.taken.lock().unwrap().is_empty());
        watchers.place_of(who("c")).unwrap();
    }
}
