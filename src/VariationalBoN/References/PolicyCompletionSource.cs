using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VariationalBoN.References;

/// <summary>Completions of a policy in this process, scored by a scorer. As thread-safe as the two.</summary>
/// <param name="policy">What is drawn from.</param>
/// <param name="scorer">Gives log pi_ref and rewards.</param>
public sealed class PolicyCompletionSource(IPolicy policy, Scorer scorer) : ICompletionSource
{
    private const int WaitingParts = 16;

    /// <inheritdoc/>
    public ModelIdentity Policy => ReferenceEquals(policy, scorer.Reference) ? scorer.Origin.Reference : policy.Identity;

    /// <inheritdoc/>
    public ScoringIdentity Origin => scorer.Origin;

    /// <inheritdoc/>
    /// <remarks>Drawing and log pi_ref run before the call returns, on the caller's thread; what it returns waits for the reward model alone.</remarks>
    public Task<ScoredBatch> DrawAsync(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, CancellationToken cancellationToken = default) =>
        scorer.ScoreAsync(policy.Sample(prompts, completionsPerPrompt, seed, cancellationToken), completionsPerPrompt, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// Drawing and log pi_ref run on another thread, which waits when 16 batches are waiting for the judge. The policy is never asked for two
    /// things at once by it; it ends before the enumeration does.
    /// </remarks>
    public async IAsyncEnumerable<ScoredBatch> DrawEachAsync(
        IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach ((DrawnPart part, double[] logReference) in DrawPartsAsync(prompts, completionsPerPrompt, seed, false, cancellationToken).ConfigureAwait(false))
            yield return await ScoreAsync(part, logReference, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The first half of <see cref="DrawEachAsync"/>: parts with log pi_ref, in the order of prompts and samples.</summary>
    /// <param name="prompts">P prompts.</param>
    /// <param name="completionsPerPrompt">K.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="keepOfFailed">Whether what had ended when drawing failed is given, too, before the failure.</param>
    /// <param name="cancellationToken">Stops drawing.</param>
    internal async IAsyncEnumerable<(DrawnPart Part, double[] LogReference)> DrawPartsAsync(
        IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, bool keepOfFailed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var parts = Channel.CreateBounded<(DrawnPart, double[])>(new BoundedChannelOptions(WaitingParts) { SingleReader = true, SingleWriter = true });
        Task drawing = Task.Run(() => Draw(parts.Writer, prompts, completionsPerPrompt, seed, keepOfFailed, stop.Token), CancellationToken.None);
        try
        {
            await foreach ((DrawnPart, double[]) part in parts.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
                yield return part;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await drawing.ConfigureAwait(false);
        }
    }

    /// <summary>The second half.</summary>
    internal Task<ScoredBatch> ScoreAsync(DrawnPart part, double[] logReference, CancellationToken cancellationToken) =>
        scorer.ScoreAsync(part.Completions, part.Groups, logReference, cancellationToken);

    /// <summary>Draws into a channel, which it ends with what drawing fails with.</summary>
    private void Draw(
        ChannelWriter<(DrawnPart, double[])> parts, IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed, bool keepOfFailed, CancellationToken cancellationToken)
    {
        DrawnPart? last = null; // given when drawing has ended and left nothing behind
        Exception? failure = null;
        var collector = new PartCollector(prompts.Count, completionsPerPrompt, part =>
        {
            if (part.FirstPrompt + part.Prompts == prompts.Count && failure is null)
                last = part;
            else
                Write(part);
        });
        try
        {
            try
            {
                policy.SampleEach(prompts, completionsPerPrompt, seed, collector.Add, cancellationToken);
                if (last is not null)
                    Write(last);
            }
            catch (Exception e) when (keepOfFailed && !cancellationToken.IsCancellationRequested)
            {
                failure = e; // first what had ended
                collector.Flush();
            }
        }
        catch (Exception e)
        {
            failure ??= e;
        }

        parts.Complete(failure);

        void Write(DrawnPart drawn)
        {
            (DrawnPart, double[]) part = (drawn, scorer.LogReference(drawn.Completions));

            // The thread that draws waits for room: it has nothing else to do, and a policy is not asynchronous.
            while (!parts.TryWrite(part))
                parts.WaitToWriteAsync(cancellationToken).AsTask().GetAwaiter().GetResult();
        }
    }
}
