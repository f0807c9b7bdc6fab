//! What transports and concurrencies have in common: blocks of options, and wrapping.

/// A transport or a concurrency with the block of options `O`.
///
/// An option is written once, as a field of its block. Its setter exists on the transports and
/// concurrencies with that block, and on the [`Builder`](crate::Builder) of every server that is
/// made of them, also behind a wrapper. A wrapper passes on the blocks of the type that it wraps,
/// as [`Wrapped`] does:
///
/// ```
/// use socketserver::options::Has;
///
/// struct Traced<T>(T);
///
/// impl<O, T: Has<O>> Has<O> for Traced<T> {
///     fn options(&mut self) -> &mut O {
///         self.0.options()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no options of the kind `{O}`",
    label = "this option does not apply to `{Self}`",
    note = "the module `options` has a table of the options of each transport and concurrency"
)]
pub trait Has<O> {
    /// The block.
    fn options(&mut self) -> &mut O;
}

/// A transport or a concurrency, `inner`, with `hooks` that change some of its methods: see
/// [`TransportHooks`](crate::TransportHooks) and [`ConcurrencyHooks`](crate::ConcurrencyHooks). It
/// has all the options of `inner`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wrapped<T, K> {
    /// The transport or concurrency that is wrapped.
    pub inner: T,
    /// The methods that differ.
    pub hooks: K,
}

impl<T, K> Wrapped<T, K> {
    /// `inner` with `hooks`.
    pub fn new(inner: T, hooks: K) -> Self {
        Wrapped { inner, hooks }
    }
}

impl<O, T: Has<O>, K> Has<O> for Wrapped<T, K> {
    fn options(&mut self) -> &mut O {
        self.inner.options()
    }
}
