using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>Holds each server, in each of its lives, to a local copy before anything of it is taken. As thread-safe as the copy.</summary>
/// <param name="pool">The servers.</param>
/// <param name="client">Asks them.</param>
/// <param name="generation">The settings that are asked for.</param>
/// <param name="options">The copy, and the limits.</param>
internal sealed class HeldServers(PoolHandler pool, CompletionClient client, GenerationOptions generation, PoolSamplerOptions options)
{
    private readonly Dictionary<(PoolServer Server, int Life), Task<bool>> _checks = [];
    private readonly Dictionary<PoolServer, int> _broken = []; // checks, in a row; guarded by _checks

    /// <summary>Whether a completion may be taken: its server was held to the copy in the life in which it drew it. One check is made for
    /// all that ask meanwhile; one that did not come to an end is made again.</summary>
    /// <param name="drawn">The completion.</param>
    /// <param name="all">What is asked for: prompts for the check.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <returns>False when the server went away meanwhile, or the call that checked it was cancelled: it is to be drawn again.</returns>
    /// <exception cref="RemoteServiceException">The server draws from something else; the message names it.</exception>
    public async Task<bool> MayTakeAsync(ServedCompletion drawn, EncodedRequest[] all, CancellationToken cancellationToken)
    {
        if (options.LocalCopy is not { } copy)
            return true;
        Task<bool>? check;
        lock (_checks)
        {
            (PoolServer, int) key = (drawn.Server, drawn.Life);
            if (!_checks.TryGetValue(key, out check) || (check.IsCompleted && !(check.IsCompletedSuccessfully && check.Result)))
                _checks[key] = check = Task.Run(() => CheckAsync(copy, key, all, cancellationToken), cancellationToken);
        }

        try
        {
            return await check.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Holds a server to the copy.</summary>
    /// <returns>False when it went away meanwhile, or failed at a request as often as it may.</returns>
    private async Task<bool> CheckAsync(
        IPolicy copy,
        (PoolServer Server, int Life) held,
        EncodedRequest[] all,
        CancellationToken cancellationToken
    )
    {
        PoolServer server = held.Server;
        EncodedRequest[] prompts = [.. all.DistinctBy(request => request.Prompt).Take(8)];
        if (await DrawAsync(held, prompts, cancellationToken).ConfigureAwait(false) is not { } drawn)
            return false;
        var here = CopyLogProbs.Of(copy, [.. drawn.Select(one => one.Completion)]);
        double[] logProbs = here.Sums;
        var watch = new RepetitionWatch();
        if (drawn.Where((one, i) => double.IsFinite(logProbs[i]) && watch.Repeats(one, logProbs[i])).FirstOrDefault() is { } repeated)
            throw RepetitionWatch.Fault(repeated);
        if (DriftCheck.Fault(copy, generation, drawn, here, options.MaxDrift) is string fault)
        {
            throw new RemoteServiceException(
                RemoteFailure.BadAnswer,
                $"{server.Address} draws from something else than the local copy of {options.Model}, by {drawn.Length} completions of "
                    + $"{prompts.Length} prompts: {fault}. None of its completions is used. Check how the server was started, or leave "
                    + $"it out; {nameof(PoolSamplerOptions.MaxDrift)} sets the limit."
            );
        }

        return true;
    }

    /// <summary>Completions for a check; null when the server went away.</summary>
    private async Task<ServedCompletion[]?> DrawAsync(
        (PoolServer Server, int Life) held,
        EncodedRequest[] prompts,
        CancellationToken cancellationToken
    )
    {
        int each = (options.CheckedCompletions + prompts.Length - 1) / prompts.Length;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<ServedCompletion>[] asked =
        [
            .. prompts.SelectMany(request =>
                Enumerable
                    .Range(0, each)
                    .Select(k =>
                        client.AskAsync(
                            request with
                            {
                                Seed = RequestSeed.Of(request.Prompt, k, new DrawSeed(request.Seed, DrawPurpose.Evaluation)),
                            },
                            held,
                            stop.Token
                        )
                    )
            ),
        ];
        try
        {
            ServedCompletion[] drawn = await FirstFailure.WhenAll(asked).ConfigureAwait(false);
            Broken(held.Server, 0);
            return drawn;
        }
        catch (RemoteServiceException e) when (RetryPolicy.IsTransient(e))
        {
            if (Broken(held.Server, 1) >= pool.MaxTriesPerServer)
                throw new RemoteServiceException(
                    e.Failure,
                    $"{held.Server.Address} failed at each of {pool.MaxTriesPerServer} tries to compare it with the local copy, so "
                        + $"that none of its completions is used: {e.Message} Leave it out, or give it fewer requests "
                        + $"({nameof(PoolOptions)}.{nameof(PoolOptions.MaxRequestsPerServer)}).",
                    e
                );
            return null;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false); // one that fails takes the others with it
        }
    }

    /// <summary>Counts checks of a server that broke off, one after the other; 0 for one that did not.</summary>
    private int Broken(PoolServer server, int more)
    {
        lock (_checks)
            return _broken[server] = more == 0 ? 0 : _broken.GetValueOrDefault(server) + more;
    }
}
