using System.Collections.Immutable;
using VariationalBoN.Rewards;

namespace VariationalBoN.Transformers.Chat;

/// <summary>Wrappers around a judge that change what it reads of a model's completions. Stateless, thread-safe.</summary>
public static class JudgeExtensions
{
    /// <summary>
    /// Makes a judge read texts with the special tokens that the policy drew, such
    /// as <c>&lt;|im_end|&gt;</c>, which <see cref="Completion.Text"/> leaves out.
    /// </summary>
    /// <remarks>To a judge that tokenises texts they are text, not tokens.</remarks>
    /// <param name="judge">The judge.</param>
    /// <param name="tokenizer">The tokenizer of the policy.</param>
    /// <returns>A reward model whose identity names the judge and the tokenizer; it refuses a completion without token ids.</returns>
    public static IRewardModel WithSpecialTokens(this IRewardModel judge, HuggingFaceTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(judge);
        ArgumentNullException.ThrowIfNull(tokenizer);
        return new JudgeOfTokens(judge, tokenizer);
    }

    private static string Shown(Completion completion, HuggingFaceTokenizer tokenizer)
    {
        if (completion.Tokens.IsDefaultOrEmpty)
            throw new InvalidOperationException(
                $"The completion {Internal.Shown.Quoted(completion.Text)} has no token ids, so that its special tokens are not known: it "
                    + $"comes from a policy without tokens, or from a table that kept the text alone."
            );
        ImmutableArray<int> prompt = completion.PromptTokens.IsDefault ? [] : completion.PromptTokens;
        string before = tokenizer.Decode(prompt, skipSpecial: false),
            whole = tokenizer.Decode([.. prompt, .. completion.Tokens], skipSpecial: false);
        return whole[before.AsSpan().CommonPrefixLength(whole)..];
    }

    private sealed class JudgeOfTokens(IRewardModel judge, HuggingFaceTokenizer tokenizer) : IRewardModel
    {
        public ModelIdentity Identity => new("texts with special tokens", ("judge", judge.Identity), ("tokenizer", tokenizer.Identity));

        public int MaxBatchSize => judge.MaxBatchSize;

        public Task<RewardScores> ScoreAsync(IReadOnlyList<Completion> completions, CancellationToken cancellationToken) =>
            judge.ScoreAsync(
                [.. completions.Select(completion => completion with { Text = Shown(completion, tokenizer) })],
                cancellationToken
            );
    }
}
