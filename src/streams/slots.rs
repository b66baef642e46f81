//! Things with a place of their own, which is given to others once they are gone.

/// A list whose places stay where they are.
#[derive(Debug)]
pub struct Slots<T> {
    items: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Puts an item into a free place, which comes back.
    pub fn insert(&mut self, item: T) -> usize {
        if let Some(place) = self.free.pop()
            && let Some(slot) = self.items.get_mut(place)
        {
            *slot = Some(item);
            return place;
        }
        self.items.push(Some(item));
        self.items.len().saturating_sub(1)
    }

    /// The item in a place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&T> {
        self.items.get(place)?.as_ref()
    }

    /// The item in a place.
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.items.get_mut(place)?.as_mut()
    }

    /// Takes an item out.
    pub fn remove(&mut self, place: usize) -> Option<T> {
        let item = self.items.get_mut(place)?.take()?;
        self.free.push(place);
        if self.free.len() == self.items.len() {
            // Nothing is left: memory of a busy hour is not kept for ever.
            *self = Self::default();
        }
        Some(item)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len().saturating_sub(self.free.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All items with their places.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        let items = self.items.iter().enumerate();
        items.filter_map(|(place, item)| Some((place, item.as_ref()?)))
    }

    /// All items with their places.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut T)> {
        let items = self.items.iter_mut().enumerate();
        items.filter_map(|(place, item)| Some((place, item.as_mut()?)))
    }
}
