using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace VariationalBoN.References;

/// <summary>Completions of a policy in this process, scored by a scorer. As thread-safe as the two.</summary>
/// <param name="policy">What is drawn from.</param>
/// <param name="scorer">Gives log pi_ref and rewards.</param>
public sealed class PolicyCompletionSource(IPolicy policy, Scorer scorer) : ICompletionSource
{
    private const int WaitingParts = 16;
    private readonly IPolicy _policy = policy ?? throw new ArgumentNullException(nameof(policy));
    private readonly Scorer _scorer = scorer ?? throw new ArgumentNullException(nameof(scorer));

    /// <inheritdoc/>
    public ModelIdentity Policy => ReferenceEquals(_policy, _scorer.Reference) ? _scorer.Origin.Reference : _policy.Identity;

    /// <inheritdoc/>
    public ScoringIdentity Origin => _scorer.Origin;

    /// <inheritdoc/>
    /// <remarks>That of this process at the time of the call.</remarks>
    public ModelIdentity? Execution => TorchRuntime.Execution;

    /// <inheritdoc/>
    /// <remarks>Drawing and log pi_ref run before the call returns, on the caller's thread;
    /// what it returns waits for the reward model alone.</remarks>
    public Task<ScoredBatch> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    ) =>
        _scorer.ScoreAsync(_policy.Sample(prompts, completionsPerPrompt, seed, cancellationToken), completionsPerPrompt, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>
    /// The prompts are copied. Drawing and log pi_ref run on another thread, which waits when 16 batches are waiting for the judge, and
    /// which has ended when the enumeration ends. Until then no weight of policy or reference may change, and a policy or reference that
    /// is not thread-safe must not be used elsewhere. log pi_ref is asked for within <see cref="IPolicy.SampleEach"/>, also where the
    /// policy is the reference. The judge is asked while drawing goes on: a judge that shares a module with the policy must allow that.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">K is below 1, or P * K more than one list can hold.</exception>
    public IAsyncEnumerable<ScoredBatch> DrawEachAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        var parts = DrawPartsAsync(prompts, completionsPerPrompt, seed, false, cancellationToken);
        return ScoredAsync(cancellationToken);

        async IAsyncEnumerable<ScoredBatch> ScoredAsync([EnumeratorCancellation] CancellationToken token)
        {
            await foreach ((DrawnPart part, double[] logReference) in parts.WithCancellation(token).ConfigureAwait(false))
                yield return await ScoreAsync(part, logReference, token).ConfigureAwait(false);
        }
    }

    /// <summary>The first half of <see cref="DrawEachAsync"/>: parts with log pi_ref, in the order of prompts and samples.</summary>
    /// <param name="prompts">P prompts.</param>
    /// <param name="completionsPerPrompt">K.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="keepOfFailed">Whether what had ended when drawing failed is given, too, before the failure.</param>
    /// <param name="cancellationToken">Stops drawing.</param>
    internal IAsyncEnumerable<(DrawnPart Part, double[] LogReference)> DrawPartsAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        bool keepOfFailed,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        Prompt[] all = [.. prompts];
        if ((long)all.Length * completionsPerPrompt > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(completionsPerPrompt),
                completionsPerPrompt,
                $"{completionsPerPrompt} completions of each of {all.Length} prompts are more than one call can draw; ask for at most "
                    + $"{Array.MaxLength / all.Length}, or for fewer prompts at a time."
            );
        }

        return PartsAsync(cancellationToken);

        async IAsyncEnumerable<(DrawnPart Part, double[] LogReference)> PartsAsync([EnumeratorCancellation] CancellationToken token)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            var parts = Channel.CreateBounded<(DrawnPart, double[])>(
                new BoundedChannelOptions(WaitingParts) { SingleReader = true, SingleWriter = true }
            );
            Task drawing = Task.Factory.StartNew(
                () => Draw(parts.Writer, all, completionsPerPrompt, seed, keepOfFailed, stop.Token, token),
                CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default
            ); // a thread of its own
            try
            {
                await foreach ((DrawnPart, double[]) part in parts.Reader.ReadAllAsync(token).ConfigureAwait(false))
                    yield return part;
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await drawing.ConfigureAwait(false);
            }
        }
    }

    /// <summary>The second half.</summary>
    internal Task<ScoredBatch> ScoreAsync(DrawnPart part, double[] logReference, CancellationToken cancellationToken) =>
        _scorer.ScoreAsync(part.Completions, part.Groups, logReference, cancellationToken);

    /// <summary>Draws into a channel, which it ends, whatever happens, and with what drawing fails with.</summary>
    private void Draw(
        ChannelWriter<(DrawnPart, double[])> parts,
        Prompt[] prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        bool keepOfFailed,
        CancellationToken stop,
        CancellationToken callers
    )
    {
        Exception? failure = null;
        try
        {
            DrawnPart? last = null; // given when drawing has ended and left nothing behind
            var collector = new PartCollector(
                prompts.Length,
                completionsPerPrompt,
                part =>
                {
                    if (failure is not null)
                        Save(part);
                    else if (part.FirstPrompt + part.Prompts == prompts.Length)
                        last = part;
                    else
                        Write(part);
                }
            );
            try
            {
                _policy.SampleEach(prompts, completionsPerPrompt, seed, collector.Add, stop);
                if (last is not null)
                    Write(last);
            }
            catch (Exception e) when (keepOfFailed && !stop.IsCancellationRequested)
            {
                failure = e; // first what had ended
                foreach (DrawnPart part in last?.ByPrompt() ?? [])
                    Save(part);
                collector.Flush();
            }
        }
        catch (Exception e)
        {
            failure ??=
                e is OperationCanceledException && callers.IsCancellationRequested
                    ? new OperationCanceledException(e.Message, e, callers)
                    : e;
        }
        finally
        {
            parts.Complete(failure);
        }

        void Write(DrawnPart drawn)
        {
            (DrawnPart, double[]) part = (drawn, _scorer.LogReference(drawn.Completions));

            // The thread that draws waits for room: it has nothing else to do, and a policy is not asynchronous.
            while (!parts.TryWrite(part))
                parts.WaitToWriteAsync(stop).AsTask().GetAwaiter().GetResult();
        }

        void Save(DrawnPart drawn)
        {
            try
            {
                Write(drawn);
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                // The call fails with what it failed with first; parts behind this one can still be given.
            }
        }
    }
}
