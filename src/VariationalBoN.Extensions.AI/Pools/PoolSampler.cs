using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Pools;

/// <summary>
/// Draws completions y ~ pi(. | x) from servers that hold the model, with the ids that were drawn: they can be scored, trained on and
/// used for BoN-SFT as those of a policy in this process.
/// </summary>
/// <remarks>
/// <para>Prompts are sent as ids, together with every setting of sampling, so that tokenizer, template and configuration of the server
/// have no influence. Sample k of a prompt has a seed of its own, made of seed, prompt and k; what a server draws with it depends on the
/// engine, so that equal bits are not promised.</para>
/// <para>Before a completion of a server is used, and again when the server comes back after it failed, some of its completions are
/// compared with <see cref="PoolSamplerOptions.LocalCopy"/>: the log-probabilities that the server gives, and whether the completions can
/// be draws of the copy. A server with other weights or settings is an error that names it; so is a server that gives no ids, or the same
/// answer for every seed.</para>
/// <para>With top-k or top-p each completion costs a pass of the local copy. A completion to which the copy gives no probability is drawn
/// again with another seed, so that the distribution is that of the server restricted to the support of the copy. Too many of these, for
/// one prompt or by their effect on the distribution, are an error that names the server. The copy computes the support in other batches
/// than the server draws in: in bfloat16, or on a GPU, the k-th of nearly equal tokens may differ.</para>
/// <para>As thread-safe as the local copy and the tokenizer.</para>
/// </remarks>
[Experimental(ExperimentalIds.Pools)]
public sealed class PoolSampler
{
    private readonly PoolHandler _pool;
    private readonly CompletionClient _client;
    private readonly PromptRequests _requests;
    private readonly HeldServers _held;
    private readonly PoolSamplerOptions _options;
    private readonly ServedPolicy? _served; // where there is no copy
    private readonly SupportedDraws? _supported; // where the copy truncates
    private readonly RepetitionWatch _repetitions = new();
    private readonly bool _saysWhatItDraws; // servers say the log-probabilities of temperature 1 without truncation

    /// <summary>Creates a sampler.</summary>
    /// <param name="pool">The servers; the caller's, never disposed.</param>
    /// <param name="tokenizer">The tokenizer of the model.</param>
    /// <param name="generation">The settings of the distribution: those of the local copy, where there is one.
    /// Sizes of batches are the servers' own.</param>
    /// <param name="options">The model's name and what the servers are compared with.</param>
    /// <exception cref="ArgumentException">An option is out of range, or the local copy is not of these settings;
    /// the message names every fault.</exception>
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
        (_pool, _client, Generation, _options) = (pool, new CompletionClient(pool, tokenizer, generation, options), generation, options);
        (_requests, _held) = (new PromptRequests(tokenizer, generation), new HeldServers(pool, _client, generation, options));
        bool isWhole = generation.HasFullSupport(tokenizer.VocabularySize);
        _saysWhatItDraws = isWhole && generation.Temperature == 1;
        _supported = options.LocalCopy is { } truncated && !isWhole ? new SupportedDraws(truncated, generation, options) : null;
        _served = options.UncheckedIdentity is { } given
            ? new ServedPolicy(this, UncheckedDraws.Identity(given, tokenizer, generation))
            : null;

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

    /// <summary>What is drawn from: the identity of the local copy, or the one that was given in its place.
    /// It may cost a pass over the weights.</summary>
    public ModelIdentity Identity => Policy.Identity;

    /// <summary>
    /// What is drawn from, as a policy: the local copy; or, where there is none, a policy that knows log pi of the completions
    /// of this sampler, as the servers returned it, and whose <see cref="IPolicy.Sample"/> blocks until they have answered.
    /// </summary>
    public IPolicy Policy => _options.LocalCopy ?? _served!;

    /// <summary>The most requests under way.</summary>
    internal int Concurrency => _options.MaxConcurrency ?? _pool.Capacity;

    /// <summary>Draws completions of each prompt, many requests at once.</summary>
    /// <param name="prompts">P prompts, at least one; one that stands twice has other samples in each place.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">Sample k of a prompt depends on the seed, the prompt and k, as far as the servers use seeds.</param>
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
        EncodedRequest[] requests = _requests.Of(prompts, completionsPerPrompt, seed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var room = new SemaphoreSlim(Concurrency);
        Task<ServedCompletion>[] drawing = [.. requests.Select(DrawAsync)];
        var again = new List<Task<ServedCompletion>>();
        try
        {
            int several = Math.Max(1, completionsPerPart / completionsPerPrompt), // prompts
                size = several < prompts.Count ? several * completionsPerPrompt : drawing.Length;
            for (int first = 0; first < drawing.Length; first += size)
            {
                Range part = first..Math.Min(first + size, drawing.Length);
                Completion[] completions;
                try
                {
                    ServedCompletion[] drawn = await FirstFailure.WhenAll(drawing[part]).ConfigureAwait(false);
                    completions = _supported is null
                        ? [.. drawn.Select(one => one.Completion)]
                        : await _supported.WithinAsync(requests[part], drawn, AgainAsync).ConfigureAwait(false);
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
            var all = Task.WhenAll([.. drawing, .. again]);
            await Task.WhenAny(all).ConfigureAwait(false); // nothing runs on after the call has ended
            _ = all.Exception; // the first failure is thrown already
        }

        Task<ServedCompletion> AgainAsync(EncodedRequest request)
        {
            again.Add(DrawAsync(request));
            return again[^1];
        }

        async Task<ServedCompletion> DrawAsync(EncodedRequest request)
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
    private async Task<ServedCompletion> CheckedAsync(EncodedRequest request, EncodedRequest[] all, CancellationToken cancellationToken)
    {
        ServedCompletion drawn;
        do // one that went away before it was checked: what it drew is drawn again
        drawn = await _client.AskAsync(request, only: null, cancellationToken).ConfigureAwait(false);
        while (!await _held.MayTakeAsync(drawn, all, cancellationToken).ConfigureAwait(false));
        if (_saysWhatItDraws && _repetitions.Repeats(drawn, drawn.LogProb))
            throw RepetitionWatch.Fault(drawn);
        _served?.Remember(drawn.Completion, drawn.LogProb);
        return drawn;
    }
}
