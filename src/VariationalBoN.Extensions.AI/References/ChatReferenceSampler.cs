using Microsoft.Extensions.AI;
using VariationalBoN.Extensions.AI.Internal;
using VariationalBoN.References;
using VariationalBoN.Rewards;

namespace VariationalBoN.Extensions.AI.References;

/// <summary>Draws reference samples from a chat model, such as an OpenAI-compatible server:
/// texts y ~ pi_ref(. | x) without token ids and log pi_ref.</summary>
/// <remarks>
/// It is not an <see cref="IPolicy"/>, since it has no log-probabilities. Its samples give F, and with it the targets of every objective,
/// but no more. No sample is ever left out: that would change the distribution. As thread-safe as the client, which stays the caller's.
/// </remarks>
public sealed class ChatReferenceSampler
{
    private readonly IChatClient _client;
    private readonly ChatReferenceSamplerOptions _options;
    private readonly RetryPolicy _retry;

    /// <summary>Creates a sampler.</summary>
    /// <param name="client">The chat model; the caller's, never disposed.</param>
    /// <param name="options">Length, temperature and how it is asked.</param>
    /// <exception cref="ArgumentException">An option is out of range, or neither options nor client name the model.</exception>
    public ChatReferenceSampler(IChatClient client, ChatReferenceSamplerOptions options)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_client, _options, _retry) = (client, options, new RetryPolicy(options.Retry));
        Identity =
            options.Identity
            ?? new ModelIdentity(
                $"chat model {ChatModel.Name(client, options.ModelId, "ChatReferenceSamplerOptions")}",
                ("temperature", options.Temperature),
                ("max output tokens", options.MaxOutputTokens)
            );
    }

    /// <summary>Identifies this distribution; part of the provenance of its tables.</summary>
    public ModelIdentity Identity { get; }

    /// <summary>Draws completions of each prompt, several requests at once.</summary>
    /// <param name="prompts">P prompts; one that stands twice gets the same seeds twice.</param>
    /// <param name="completionsPerPrompt">K, at least 1.</param>
    /// <param name="seed">With a service that uses seeds: sample k of a
    /// prompt depends on the seed, the prompt and k, not on the rest.</param>
    /// <param name="cancellationToken">Stops requests and waits.</param>
    /// <returns>P * K completions, prompt by prompt: completion p * K + k is the k-th of prompt p.</returns>
    /// <exception cref="RemoteServiceException">A request failed to the end, or an answer is no sample of the model;
    /// the message names the prompt.</exception>
    public async Task<IReadOnlyList<Completion>> SampleAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        var drawn = new Completion[checked(prompts.Count * completionsPerPrompt)];
        try
        {
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.MaxConcurrency, CancellationToken = cancellationToken };
            await Parallel
                .ForAsync(
                    0,
                    drawn.Length,
                    parallel,
                    async (i, token) =>
                        drawn[i] = await DrawAsync(prompts[i / completionsPerPrompt], i % completionsPerPrompt, seed, token)
                            .ConfigureAwait(false)
                )
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested(); // with the caller's token, not that of the loop
            throw;
        }

        return drawn;
    }

    /// <summary>Draws M samples of each prompt and scores them, in memory.</summary>
    /// <param name="reward">The reward model.</param>
    /// <param name="prompts">At least one prompt; a prompt that stands twice is sampled once.</param>
    /// <param name="samplesPerPrompt">M, at least 1; about 5 N and more for errors below 0.05 nats.</param>
    /// <param name="seed">Fixes the draws, as far as the service uses seeds.</param>
    /// <param name="scoring">How failures and truncated completions are treated; use the same for the scorer.</param>
    /// <param name="cancellationToken">Stops requests and waits.</param>
    /// <returns>The table: rewards and texts, without token ids and log pi_ref.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an option is out of range.</exception>
    /// <exception cref="RemoteServiceException">A sample could not be drawn.</exception>
    /// <exception cref="RewardModelException">A reward could not be had; or, once all is drawn, prompts have no sample left.</exception>
    public Task<ReferenceTable> EstimateAsync(
        IRewardModel reward,
        IReadOnlyList<Prompt> prompts,
        int samplesPerPrompt,
        long seed,
        ScoringOptions? scoring = null,
        CancellationToken cancellationToken = default
    ) =>
        EstimateAsync(
            reward,
            prompts,
            new ReferenceTableOptions { SamplesPerPrompt = samplesPerPrompt, Seed = seed },
            scoring,
            cancellationToken
        );

    /// <summary>
    /// Draws and scores M completions of each prompt, and keeps them in a store where the options name one: what the store has is not asked
    /// for again, so a call that failed or was killed goes on.
    /// </summary>
    /// <param name="reward">The reward model.</param>
    /// <param name="prompts">At least one prompt; a prompt that stands twice is sampled once.</param>
    /// <param name="options">M, seed, batches, store and progress. A batch counts when all of it is drawn and scored.</param>
    /// <param name="scoring">How failures and truncated completions are treated;
    /// use the same for the scorer. The defaults when left out.</param>
    /// <param name="cancellationToken">Stops requests and waits.</param>
    /// <returns>The table: rewards and texts, without token ids and log pi_ref.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an option is out of range.</exception>
    /// <exception cref="InvalidOperationException">The store holds rewards of something else; the message names what differs.</exception>
    /// <exception cref="IOException">The store cannot be read or written, or another writer has it.</exception>
    /// <exception cref="RemoteServiceException">A sample could not be drawn; what was written before is kept.</exception>
    /// <exception cref="RewardModelException">A reward could not be had; or, once all is drawn, prompts
    /// have no sample left: the message names them, and the store keeps what was drawn.</exception>
    public Task<ReferenceTable> EstimateAsync(
        IRewardModel reward,
        IReadOnlyList<Prompt> prompts,
        ReferenceTableOptions options,
        ScoringOptions? scoring = null,
        CancellationToken cancellationToken = default
    ) => ReferenceSamples.EstimateAsync(Identity, SampleAsync, reward, prompts, options, scoring, cancellationToken);

    private async Task<Completion> DrawAsync(Prompt prompt, int sample, DrawSeed seed, CancellationToken cancellationToken)
    {
        IEnumerable<ChatMessage> messages = _options.Messages?.Invoke(prompt) ?? ConversationMessages.Of(prompt);
        var settings = new ChatOptions
        {
            ModelId = _options.ModelId,
            Temperature = _options.Temperature,
            TopP = 1,
            MaxOutputTokens = _options.MaxOutputTokens,
            Seed = _options.SendSeed ? RequestSeed.Of(prompt, sample, seed) : null,
        };
        ChatResponse response;
        try
        {
            response = await _retry
                .ExecuteAsync(token => ChatModel.AskAsync(_client, messages, settings, token), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            throw new RemoteServiceException(
                (e as RemoteServiceException)?.Failure ?? RemoteFailure.Rejected,
                $"{Identity.Name} gave no sample {sample} of the prompt \"{ChatModel.Shorten(prompt.Canonical)}\": {e.Message}",
                e
            );
        }

        return new Completion
        {
            Prompt = prompt,
            Text = response.Text,
            FinishReason = Reason(response, prompt),
        };
    }

    private FinishReason Reason(ChatResponse response, Prompt prompt)
    {
        if (response.FinishReason == ChatFinishReason.Stop)
            return FinishReason.Stopped;
        if (response.FinishReason == ChatFinishReason.Length)
            return FinishReason.Length;
        string why = response.FinishReason is ChatFinishReason other
            ? $"it ended with \"{other}\", so it is not what the model alone would answer; turn filters and tools off"
            : "it does not say why it ended, so a truncated completion could not be told from a whole one; set MissingFinishReason if you "
                + "know";
        return response.FinishReason is null && _options.MissingFinishReason is FinishReason known
            ? known
            : throw new RemoteServiceException(
                RemoteFailure.BadAnswer,
                $"The answer \"{ChatModel.Shorten(response.Text)}\" of {Identity.Name} to the prompt "
                    + $"\"{ChatModel.Shorten(prompt.Canonical)}\" is no sample: {why}."
            );
    }
}
