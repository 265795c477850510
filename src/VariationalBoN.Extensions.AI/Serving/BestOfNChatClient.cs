using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.Serving;

/// <summary>Literal Best-of-N as a chat client: N completions are drawn through the decode of
/// the service and the one with the highest reward is the answer.</summary>
/// <remarks>
/// An aligned policy replaces it by one draw: it takes the same messages and options, and N times the tokens. Of equal rewards the
/// first is taken. With a seed the draws are samples N k to N k + N - 1 of it for "sample" k (up to 2^31 / N - 2), as
/// <see cref="VariationalBoN.References.BestOfNSampler"/> numbers them. Usage counts the tokens of all draws. Options as of
/// <see cref="PolicyChatClient"/>; with another temperature it is Best-of-N of another policy. As thread-safe as the reward model.
/// </remarks>
public sealed class BestOfNChatClient : IChatClient
{
    private readonly CompletionService _service;
    private readonly IRewardModel _reward;
    private readonly int _n;
    private readonly ScoringOptions _scoring;
    private readonly ChatReader _reader;

    /// <summary>Creates a client of a service.</summary>
    /// <param name="service">The service; the caller's, never disposed.</param>
    /// <param name="reward">The reward model.</param>
    /// <param name="n">N: 1 to <see cref="CompletionService.MaxWaiting"/>.</param>
    /// <param name="options">The name of the model, and how messages become prompts; null for the defaults.</param>
    /// <param name="scoring">How failures and truncated completions are treated; null for the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">N is out of range.</exception>
    /// <exception cref="ArgumentException">The name is blank, or an option of scoring is out of range.</exception>
    public BestOfNChatClient(
        CompletionService service,
        IRewardModel reward,
        int n,
        PolicyChatClientOptions? options = null,
        ScoringOptions? scoring = null
    )
    {
        ArgumentNullException.ThrowIfNull(reward);
        (_service, _reward, _n, _scoring) = (service, reward, n, scoring ?? new ScoringOptions());
        _scoring.Validate();
        ArgumentNullException.ThrowIfNull(service);
        if (n < 1 || n > service.MaxWaiting)
            throw new ArgumentOutOfRangeException(
                nameof(n),
                n,
                $"N must be 1 to {service.MaxWaiting}, the requests that may wait (CompletionServiceOptions.MaxWaiting)."
            );
        _reader = new ChatReader(service, options, maxSample: (int.MaxValue / n) - 1);
    }

    /// <summary>Checks messages and options against the policy without drawing.</summary>
    /// <param name="messages">The messages.</param>
    /// <param name="options">The options.</param>
    /// <param name="request">What would be drawn N times; its sample k stands for N k to N k + N - 1.</param>
    /// <param name="reason">What is wrong with them.</param>
    /// <returns>Whether they can be answered.</returns>
    public bool TryRead(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options,
        [NotNullWhen(true)] out CompletionRequest? request,
        [NotNullWhen(false)] out string? reason
    ) => _reader.TryRead(messages, options, out request, out reason);

    /// <inheritdoc/>
    /// <exception cref="CompletionRequestException">The messages cannot be read,
    /// or an option is out of range or not supported; the message names it all.</exception>
    /// <exception cref="RewardModelException">A reward could not be had, or none of the N.</exception>
    /// <exception cref="ServiceBusyException">Too many requests wait.</exception>
    /// <exception cref="ObjectDisposedException">The service is, or was meanwhile, stopped.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        CancellationToken cancellationToken = default
    )
    {
        if (!TryRead(messages, options, out CompletionRequest? request, out string? reason))
            throw new CompletionRequestException(reason);
        request = request with { Seed = request.Seed ?? Random.Shared.NextInt64() };
        int first = request.Sample * _n;
        IReadOnlyList<Completion> drawn = await _service
            .CompleteAllAsync([.. Enumerable.Range(first, _n).Select(sample => request with { Sample = sample })], cancellationToken)
            .ConfigureAwait(false);
        IReadOnlyList<double?> rewards = await _reward.ScoreCheckedAsync(drawn, _scoring, cancellationToken).ConfigureAwait(false);
        // a stable order
        int best = Enumerable.Range(0, _n).Where(i => rewards[i] is not null).OrderByDescending(i => rewards[i]).FirstOrDefault(-1);
        if (best < 0)
            throw new RewardModelException($"None of the {_n} completions of the prompt has a reward; all were excluded.");
        ChatResponse response = ChatAnswer.Whole(
            drawn[best],
            new DrawSeed(request.Seed.Value, DrawPurpose.Serving, first + best),
            _reader.ModelId,
            drawn.Sum(one => (long)one.Tokens.Length)
        );
        response.AdditionalProperties!["n"] = _n;
        response.AdditionalProperties["reward"] = rewards[best];
        return response;
    }

    /// <inheritdoc/>
    /// <remarks>Which draw is the best is known when all are drawn, so that the answer comes in one piece.</remarks>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates())
            yield return update;
    }

    /// <summary>Gives the objects that it is made of: itself, <see cref="ChatClientMetadata"/>,
    /// the <see cref="CompletionService"/>, the policy.</summary>
    /// <param name="serviceType">The type that is asked for.</param>
    /// <param name="serviceKey">Null; nothing has a key.</param>
    /// <returns>The object, or null where there is none of this type.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null) => _reader.Service(this, serviceType, serviceKey);

    /// <summary>Does nothing: the service is the caller's.</summary>
    public void Dispose() { }
}
