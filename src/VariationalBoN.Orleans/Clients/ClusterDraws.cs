using Orleans.Serialization;
using VariationalBoN.Orleans.Internal;

namespace VariationalBoN.Orleans.Clients;

/// <summary>Has blocks drawn by workers. Thread-safe.</summary>
/// <param name="kind">From which policy.</param>
/// <param name="pool">The workers.</param>
/// <param name="agreement">What the samples come from.</param>
/// <param name="serializer">Writes requests, reads results.</param>
internal sealed class ClusterDraws(BlockKind kind, BlockPool pool, ClusterAgreement agreement, Serializer serializer)
{
    private const int ShownPrompt = 40;

    /// <summary>Has one block drawn.</summary>
    /// <param name="prompts">Its prompts.</param>
    /// <param name="completionsPerPrompt">Samples of each, at least 1.</param>
    /// <param name="seed">Fixes the draw, first sample included.</param>
    /// <param name="weights">The published weights to draw with; null for the reference.</param>
    /// <param name="withLogProb">Whether log pi of the policy that draws is wanted.</param>
    /// <param name="cancellationToken">Ends the block.</param>
    /// <returns>The samples, prompt by prompt, a group to each, and log pi of them.</returns>
    public async Task<(ScoredBatch Scored, double[]? LogProb)> DrawAsync(
        IReadOnlyList<Prompt> prompts,
        int completionsPerPrompt,
        DrawSeed seed,
        PublishedWeights? weights,
        bool withLogProb,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentOutOfRangeException.ThrowIfLessThan(completionsPerPrompt, 1);
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to sample for; give at least one.", nameof(prompts));
        var request = new DrawRequest
        {
            Prompts = [.. prompts.Select(PromptMessage.Of)],
            Samples = completionsPerPrompt,
            Seed = seed.Value,
            Purpose = (int)seed.Purpose,
            FirstSample = seed.FirstSample,
            WithLogProb = withLogProb,
        };
        string of = weights is null ? "the reference" : $"the policy, version {weights.Version.Number}";
        string name =
            $"the block of samples {seed.FirstSample} to {seed.FirstSample + completionsPerPrompt - 1} of {prompts.Count} prompts from "
            + $"\"{Short(prompts[0].Canonical)}\" on, drawn from {of}";
        var work = new BlockWork(kind, name, serializer.SerializeToArray(request), weights, cancellationToken);
        byte[] result = await pool.RunAsync(work).ConfigureAwait(false);
        return work.Use(() =>
        {
            var message = serializer.Deserialize<SamplesMessage>(result)!;
            ScoredSample[] drawn = message.ToSamples();
            var scored = new ScoredBatch(
                drawn,
                Enumerable.Range(0, drawn.Length).Select(i => i / completionsPerPrompt),
                agreement.Origin,
                message.ToComponents()
            );
            return (scored, message.LogProb);
        });
    }

    private static string Short(string text) =>
        text.Length <= ShownPrompt ? text : $"{text[..(char.IsHighSurrogate(text[ShownPrompt - 1]) ? ShownPrompt - 1 : ShownPrompt)]}...";
}
