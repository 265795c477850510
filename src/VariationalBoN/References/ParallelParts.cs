using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VariationalBoN.References;

/// <summary>The parts of several streams, some of which run at once. Stateless.</summary>
internal static class ParallelParts
{
    /// <summary>One stream after another; or the parts of all as they come, so many streams at once.</summary>
    /// <param name="sources">What there is a stream of.</param>
    /// <param name="open">Opens one, which heeds <paramref name="stop"/>.</param>
    /// <param name="atOnce">How many run at once, at least 1.</param>
    /// <param name="stop">Cancelled when nobody wants more.</param>
    /// <param name="cancellationToken">The caller's.</param>
    internal static async IAsyncEnumerable<TPart> Of<TSource, TPart>(
        IReadOnlyList<TSource> sources,
        Func<TSource, IAsyncEnumerable<TPart>> open,
        int atOnce,
        CancellationToken stop,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        if (atOnce == 1)
        {
            foreach (TSource source in sources)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await foreach (TPart part in open(source).ConfigureAwait(false))
                    yield return part;
            }

            yield break;
        }

        using var left = CancellationTokenSource.CreateLinkedTokenSource(stop, cancellationToken);
        var parts = Channel.CreateBounded<TPart>(new BoundedChannelOptions(atOnce) { SingleReader = true });
        Task pump = PumpAsync();
        try
        {
            await foreach (TPart part in parts.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return part;
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
            await pump.ConfigureAwait(false);
        }

        async Task PumpAsync()
        {
            Exception? failure = null;
            try
            {
                var many = new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = left.Token };
                await Parallel
                    .ForEachAsync(
                        sources,
                        many,
                        async (source, token) =>
                        {
                            await foreach (TPart part in open(source).WithCancellation(token).ConfigureAwait(false))
                                await parts.Writer.WriteAsync(part, token).ConfigureAwait(false);
                        }
                    )
                    .ConfigureAwait(false);
            }
            catch (Exception e)
            {
                failure = e; // the first: it stops the others
            }

            parts.Writer.Complete(failure);
        }
    }
}
