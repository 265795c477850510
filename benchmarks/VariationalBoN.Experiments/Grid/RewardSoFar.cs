using System.Collections.Concurrent;
using VariationalBoN.Guidance;
using VariationalBoN.Policies;
using VariationalBoN.Rewards;

namespace VariationalBoN.Experiments.Grid;

/// <summary>The reward of an answer as far as it goes, for value heads that read it. Thread-safe.</summary>
/// <param name="reference">Says what text tokens are.</param>
/// <param name="reward">A judge that answers at once.</param>
internal sealed class RewardSoFar(CausalLmPolicy reference, IRewardModel reward) : IPrefixReward
{
    private readonly ConcurrentDictionary<Prompt, EncodedPrompt> _prompts = new();

    /// <inheritdoc/>
    public ModelIdentity Identity => new("reward so far", ("of", reward.Identity));

    /// <inheritdoc/>
    public int Count => 1;

    /// <inheritdoc/>
    public void Read(IReadOnlyList<AnswerPrefix> prefixes, Span<float> numbers)
    {
        Completion[] answers =
        [
            .. prefixes.Select(prefix => new Completion
            {
                Prompt = prefix.Prompt,
                Text = _prompts.GetOrAdd(prefix.Prompt, Encoded).Decode(prefix.Tokens),
            }),
        ];
        Task<RewardScores> scores = reward.ScoreAsync(answers, CancellationToken.None);
        if (!scores.IsCompletedSuccessfully)
            throw new InvalidOperationException($"The judge {reward.Identity} does not answer at once; it cannot be asked at each token.");
        for (int i = 0; i < answers.Length; i++)
            numbers[i] = (float)scores.Result[i];
    }

    private EncodedPrompt Encoded(Prompt prompt) =>
        reference.TryEncode(prompt, out EncodedPrompt? encoded, out string? reason)
            ? encoded
            : throw new ArgumentException($"The prompt \"{prompt}\" cannot be read: {reason}.", nameof(prompt));
}
