using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>
/// Draws completions y ~ pi(. | x) from servers that hold the model, with the ids that were drawn: they can be scored, trained on and
/// used for BoN-SFT as those of a policy in this process.
/// </summary>
/// <remarks>
/// <para>Prompts are sent as ids and every setting of sampling is sent, so that neither tokenizer, template nor configuration of the
/// server count. Sample k of a prompt has a seed of its own, made of seed, prompt and k; what a server draws by it depends on the engine,
/// so that bits are not promised.</para>
/// <para>Before anything of a server is taken, and again when it comes back after it failed, completions of it are held to
/// <see cref="PoolSamplerOptions.LocalCopy"/>: what it says of them, and whether they are such draws at all. A server with other weights
/// or settings is an error that names it. So is, at once, one that gives no ids, or one answer whatever the seed.</para>
/// <para>As thread-safe as the local copy and the tokenizer.</para>
/// </remarks>
[Experimental(ExperimentalIds.Pools)]
public sealed class PoolSampler
{
    private readonly PoolHandler _pool;
    private readonly CompletionClient _client;
    private readonly ITokenizer _tokenizer;
    private readonly PoolSamplerOptions _options;
    private readonly ServedPolicy? _served;
    private readonly Dictionary<(PoolServer Server, int Life), Task<bool>> _checks = [];
    private readonly Dictionary<PoolServer, int> _brokenChecks = []; // in a row; guarded by _checks
    private readonly RepetitionWatch _repetitions = new();

    /// <summary>Creates a sampler.</summary>
    /// <param name="pool">The servers; the caller's, never disposed.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="generation">The settings of the distribution: those of the local copy, where there is one. Sizes of batches are the
    /// servers' own.</param>
    /// <param name="options">The model's name and what the servers are held to.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the local copy is not of these settings; the message names every
    /// fault.</exception>
    public PoolSampler(PoolHandler pool, ITokenizer tokenizer, GenerationOptions generation, PoolSamplerOptions options)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(generation);
        ArgumentNullException.ThrowIfNull(options);
        generation.Validate(tokenizer.VocabularySize);
        options.Validate(generation, tokenizer.VocabularySize);
        if (options.LocalCopy is CausalLmPolicy copy && Settings(copy.Options) != Settings(generation))
            throw new ArgumentException(
                $"The local copy draws with other settings ({Settings(copy.Options)}) than those given "
                    + $"({Settings(generation)}). Give its own Options.",
                nameof(generation)
            );
        (_pool, _client, _tokenizer, Generation, _options) = (
            pool,
            new CompletionClient(pool, tokenizer, generation, options),
            tokenizer,
            generation,
            options
        );
        _served = options.UncheckedIdentity is { } identity ? new ServedPolicy(this, identity) : null;

        static string Settings(GenerationOptions options) =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"MaxNewTokens {options.MaxNewTokens}, Temperature {options.Temperature}, TopK {options.TopK}, TopP {options.TopP}, "
                    + $"StopTokens {string.Join(' ', options.StopTokens.Distinct().Order())}, "
                    + $"PromptsHaveSpecialTokens {options.PromptsHaveSpecialTokens}"
            );
    }

    /// <summary>How completions are drawn.</summary>
    public GenerationOptions Generation { get; }

    /// <summary>What is drawn from: the identity of the local copy, or the one that was given in its place. It may cost a pass over the
    /// weights.</summary>
    public ModelIdentity Identity => Policy.Identity;

    /// <summary>
    /// What is drawn from, as a policy: the local copy; or, where there is none, one that knows log pi of the completions of this
    /// sampler, as the servers told it, and whose <see cref="IPolicy.Sample"/> blocks until they have answered.
    /// </summary>
    public IPolicy Policy => _options.LocalCopy ?? _served!;

    /// <summary>The most requests under way.</summary>
    internal int Concurrency => _options.MaxConcurrency ?? _pool.Capacity;

    /// <summary>Draws completions of each prompt, many requests at once.</summary>
    /// <param name="prompts">P prompts, at least one; one that stands twice has other samples in each place.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Sample k of a prompt depends on the seed, the prompt and k, as far as the servers heed seeds.</param>
    /// <param name="cancellationToken">Stops requests and waits.</param>
    /// <returns>P * K completions, prompt by prompt: completion p * K + k is the k-th of prompt p.</returns>
    /// <exception cref="RemoteServiceException">A request failed on every server, an answer is no draw of the model, or a server draws
    /// from something else; the message names the server.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<IReadOnlyList<Completion>> SampleAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        var drawn = new List<Completion>();
        await foreach (
            IReadOnlyList<Completion> part in SampleEachAsync(prompts, completionsPerPrompt, seed, int.MaxValue, cancellationToken)
                .ConfigureAwait(false)
        )
            drawn.AddRange(part);
        return drawn;
    }

    /// <summary>Draws as <see cref="SampleAsync"/> and gives parts of whole prompts in order, while the rest are drawn.</summary>
    /// <param name="prompts">P prompts.</param>
    /// <param name="completionsPerPrompt">K.</param>
    /// <param name="seed">Fixes the draw.</param>
    /// <param name="completionsPerPart">A part has the prompts of at most so many completions, or one prompt.</param>
    /// <param name="cancellationToken">Stops requests and waits.</param>
    internal async IAsyncEnumerable<IReadOnlyList<Completion>> SampleEachAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        int completionsPerPart,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to sample for; give at least one.", nameof(prompts));
        EncodedRequest[] requests = Requests(prompts, completionsPerPrompt, seed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var room = new SemaphoreSlim(Concurrency);
        Task<Completion>[] drawing = [.. requests.Select(DrawAsync)];
        try
        {
            foreach (
                Task<Completion>[] part in drawing.Chunk(
                    Math.Max(1, completionsPerPart / completionsPerPrompt) is int several && several < prompts.Count
                        ? several * completionsPerPrompt
                        : drawing.Length
                )
            )
            {
                Completion[] completions;
                try
                {
                    completions = await FirstFailure.WhenAll(part).ConfigureAwait(false);
                }
                catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
                {
                    throw new OperationCanceledException(e.Message, e, cancellationToken); // with the caller's token
                }

                yield return completions;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            var all = Task.WhenAll(drawing);
            await Task.WhenAny(all).ConfigureAwait(false); // nothing runs on after the call has ended
            _ = all.Exception; // the first failure is thrown already
        }

        async Task<Completion> DrawAsync(EncodedRequest request)
        {
            await room.WaitAsync(stop.Token).ConfigureAwait(false);
            try
            {
                return await CheckedAsync(request, requests, stop.Token).ConfigureAwait(false);
            }
            finally
            {
                room.Release();
            }
        }
    }

    /// <summary>A completion of a server that was held to the local copy in the life in which it drew it.</summary>
    private async Task<Completion> CheckedAsync(EncodedRequest request, EncodedRequest[] all, CancellationToken cancellationToken)
    {
        while (true)
        {
            ServedCompletion drawn = await _client.AskAsync(request, only: null, cancellationToken).ConfigureAwait(false);
            try
            {
                if (!await CheckOf(drawn, all, cancellationToken).ConfigureAwait(false))
                    continue; // it went away before it was checked: what it drew is drawn again
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                continue; // another call that checked it was cancelled
            }

            if (Generation.Temperature == 1 && _repetitions.Repeats(drawn, drawn.LogProbs.Sum())) // servers say those of temperature 1
                throw Repeats(drawn);
            _served?.Remember(drawn.Completion, drawn.LogProbs.Sum());
            return drawn.Completion;
        }
    }

    /// <summary>The check of a server in one of its lives, made once; one that did not come to an end is made again.</summary>
    private Task<bool> CheckOf(ServedCompletion drawn, EncodedRequest[] all, CancellationToken cancellationToken)
    {
        lock (_checks)
        {
            (PoolServer, int) key = (drawn.Server, drawn.Life);
            if (!_checks.TryGetValue(key, out Task<bool>? check) || (check.IsCompleted && !(check.IsCompletedSuccessfully && check.Result)))
                _checks[key] = check = Task.Run(() => CheckAsync(key, all, cancellationToken), cancellationToken);
            return check;
        }
    }

    /// <summary>Holds a server to the local copy.</summary>
    /// <returns>False when it went away meanwhile, or failed at a request as often as it may.</returns>
    private async Task<bool> CheckAsync((PoolServer Server, int Life) held, EncodedRequest[] all, CancellationToken cancellationToken)
    {
        if (_options.LocalCopy is not { } copy)
            return true;
        PoolServer server = held.Server;
        EncodedRequest[] prompts = [.. all.DistinctBy(request => request.Prompt).Take(8)];
        int each = (_options.CheckedCompletions + prompts.Length - 1) / prompts.Length;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<ServedCompletion>[] asked =
        [
            .. prompts.SelectMany(request =>
                Enumerable
                    .Range(0, each)
                    .Select(k =>
                        _client.AskAsync(
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
        ServedCompletion[] drawn;
        try
        {
            drawn = await FirstFailure.WhenAll(asked).ConfigureAwait(false);
        }
        catch (RemoteServiceException e) when (RetryPolicy.IsTransient(e))
        {
            if (Broken(server, 1) >= _pool.MaxTriesPerServer)
                throw new RemoteServiceException(
                    e.Failure,
                    $"{server.Address} failed at each of {_pool.MaxTriesPerServer} tries "
                        + $"to hold it to the local copy, so that nothing of it could be taken: {e.Message} Leave it out, or give it "
                        + $"fewer requests "
                        + $"({nameof(PoolOptions)}.{nameof(PoolOptions.MaxRequestsPerServer)}).",
                    e
                );
            return false;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false); // one that fails takes the others with it
        }

        Broken(server, 0);
        var watch = new RepetitionWatch();
        double[] logProbs = copy.LogProbValues([.. drawn.Select(one => one.Completion)]);
        if (drawn.Where((one, i) => watch.Repeats(one, logProbs[i])).FirstOrDefault() is { } repeated)
            throw Repeats(repeated);
        if (DriftCheck.Fault(copy, Generation, drawn, _options.MaxDrift) is string fault)
        {
            throw new RemoteServiceException(
                RemoteFailure.BadAnswer,
                $"{server.Address} draws from something else than the local copy "
                    + $"of {_options.Model}, by {drawn.Length} completions of "
                    + $"{prompts.Length} prompts: {fault}. Nothing of it was taken. See how the server was started, or leave it out; "
                    + $"{nameof(PoolSamplerOptions.MaxDrift)} sets the limit."
            );
        }

        return true;
    }

    /// <summary>Counts checks of a server that broke off, one after the other; 0 for one that did not.</summary>
    private int Broken(PoolServer server, int more)
    {
        lock (_checks)
            return _brokenChecks[server] = more == 0 ? 0 : _brokenChecks.GetValueOrDefault(server) + more;
    }

    private static RemoteServiceException Repeats(ServedCompletion drawn) =>
        new(
            RemoteFailure.BadAnswer,
            $"{drawn.Server.Address} gives one answer to the prompt \"{ChatModel.Shorten(drawn.Completion.Prompt.Canonical)}\" "
                + $"whatever the seed, \"{ChatModel.Shorten(drawn.Completion.Text)}\", which draws would not: it takes the likeliest token "
                + "(temperature 0), or answers from a cache. Start it so that it heeds temperature and seed."
        );

    private EncodedRequest[] Requests(IReadOnlyList<Prompt> prompts, int completionsPerPrompt, DrawSeed seed)
    {
        var earlier = new Dictionary<Prompt, int>();
        var requests = new EncodedRequest[checked(prompts.Count * completionsPerPrompt)];
        for (int p = 0; p < prompts.Count; p++)
        {
            ImmutableArray<int> ids = Encode(prompts[p], p);
            int first = earlier.GetValueOrDefault(prompts[p]); // a prompt that stands twice goes on where it ended
            earlier[prompts[p]] = checked(first + completionsPerPrompt);
            for (int k = 0; k < completionsPerPrompt; k++)
                requests[(p * completionsPerPrompt) + k] = new EncodedRequest(prompts[p], ids, RequestSeed.Of(prompts[p], first + k, seed));
        }

        return requests;
    }

    private ImmutableArray<int> Encode(Prompt prompt, int number)
    {
        ImmutableArray<int> ids = _tokenizer.Encode(
            prompt ?? throw new ArgumentException($"Prompt {number} is null.", nameof(prompt)),
            !Generation.PromptsHaveSpecialTokens
        );
        string? fault =
            ids.IsDefaultOrEmpty ? "no tokens; a model needs at least one, such as a beginning-of-text token"
            : ids.Any(id => id < 0 || id >= _tokenizer.VocabularySize)
                ? $"a token outside the vocabulary of 0 to {_tokenizer.VocabularySize - 1}"
            : Generation.ContextLength is int most && ids.Length > most - Generation.MaxNewTokens
                ? $"{ids.Length} tokens; with {Generation.MaxNewTokens} new tokens in a context of {most} it may have at most "
                    + $"{Math.Max(0, most - Generation.MaxNewTokens)}"
            : null;
        return fault is null
            ? ids
            : throw new ArgumentException(
                $"Prompt {number}, \"{ChatModel.Shorten(prompt.Canonical)}\", has " + $"{fault}.",
                nameof(prompt)
            );
    }
}
