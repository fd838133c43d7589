//! A lock that can be held across a fork, and that valgrind understands: the system's own, which the standard library
//! does not use.

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

pub(crate) struct Mutex<T> {
    raw: UnsafeCell<libc::pthread_mutex_t>,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through the lock only, by one thread at a time.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// Only for a `static`: the system's lock must not move.
    pub(crate) const fn new(value: T) -> Self {
        Self { raw: UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER), value: UnsafeCell::new(value) }
    }

    pub(crate) fn lock(&'static self) -> Guard<T> {
        // SAFETY: it is initialised and does not move. No caller holds it already: nothing foreign runs under the lock.
        unsafe { libc::pthread_mutex_lock(self.raw.get()) };
        Guard { mutex: self }
    }

    /// The lock that this thread has taken and whose guard it has forgotten.
    ///
    /// # Safety
    /// The calling thread, or the one that it is the copy of after a fork, holds the lock.
    pub(crate) unsafe fn held(&'static self) -> Guard<T> {
        Guard { mutex: self }
    }
}

pub(crate) struct Guard<T: 'static> {
    mutex: &'static Mutex<T>,
}

impl<T> Deref for Guard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this thread holds the lock.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for Guard<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this thread holds the lock.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        // SAFETY: this thread holds the lock.
        unsafe { libc::pthread_mutex_unlock(self.mutex.raw.get()) };
    }
}
