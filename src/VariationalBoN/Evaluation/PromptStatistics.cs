using System.Collections.Immutable;
using MathNet.Numerics.Statistics;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>The numbers of a reference report that stand for one prompt. Immutable, thread-safe.</summary>
internal sealed class PromptStatistics
{
    private PromptStatistics(ReferencePrompt prompt)
    {
        List<int> levels = RewardTies.LevelSizes(prompt.Cdf.SortedLevels);
        double count = prompt.Cdf.Count;
        DistinctRewards = levels.Count;
        TieShare = levels.Sum(size => size * (size - 1.0)) / (count * (count - 1));
        TopShare = levels[^1] / count;
    }

    /// <summary>How many different rewards there are.</summary>
    public int DistinctRewards { get; }

    /// <summary>The probability that two different samples have the same reward.</summary>
    public double TieShare { get; }

    /// <summary>The share of samples with the highest reward.</summary>
    public double TopShare { get; }

    /// <summary>How many different texts there are; null without texts.</summary>
    public int? DistinctTexts { get; private init; }

    /// <summary>How many texts stand with rewards further apart than the tie tolerance.</summary>
    public int InconsistentTexts { get; private init; }

    /// <summary>The largest difference between two rewards of one text.</summary>
    public double MaxInconsistency { get; private init; }

    /// <summary>Spearman's correlation of length and reward; null without texts, or where all lengths or all rewards are equal.</summary>
    public double? LengthCorrelation { get; private init; }

    /// <summary>The share of samples cut at the maximum length; null where it is not known.</summary>
    public double? TruncatedShare { get; private init; }

    /// <summary>Reads a prompt with at least two samples.</summary>
    public static PromptStatistics Of(ReferencePrompt prompt, bool inTokens)
    {
        ImmutableArray<string> texts = prompt.Responses;
        ImmutableArray<double> scores = prompt.Rewards;
        ImmutableArray<ScoredCompletion> samples = prompt.Samples;
        if (texts.IsEmpty)
            return new PromptStatistics(prompt);
        var rewards = new Dictionary<Prompt, (double Low, double High)>();
        for (int i = 0; i < scores.Length; i++)
        {
            double reward = scores[i];
            rewards[texts[i]] = rewards.TryGetValue(texts[i], out var seen)
                ? (Math.Min(seen.Low, reward), Math.Max(seen.High, reward))
                : (reward, reward);
        }

        double[] lengths = inTokens
            ? [.. samples.Select(sample => (double)sample.Completion.Tokens.Length)]
            : [.. texts.Select(text => (double)text.Length)];
        double correlation = Correlation.Spearman(lengths, scores);
        return new PromptStatistics(prompt)
        {
            DistinctTexts = rewards.Count,
            InconsistentTexts = rewards.Values.Count(range => range.High - range.Low > prompt.Cdf.TieTolerance),
            MaxInconsistency = rewards.Values.Max(range => range.High - range.Low),
            LengthCorrelation = double.IsFinite(correlation) ? correlation : null,
            TruncatedShare = samples.IsEmpty
                ? null
                : samples.Count(sample => sample.Completion.FinishReason == FinishReason.Length) / (double)samples.Length,
        };
    }
}
