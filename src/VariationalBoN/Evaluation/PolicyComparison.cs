using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Evaluation;

/// <summary>A comparison of a policy's completions with the reference samples of their prompts. Immutable, thread-safe.</summary>
public sealed record PolicyComparison
{
    /// <summary>The share of completions above all reference samples of their prompt;
    /// 1 / (M + 1) for the reference itself. Above them F says nothing more.</summary>
    public required Estimate Saturation { get; init; }

    /// <summary>The probability to beat one reference draw, ties counted half.</summary>
    public required Estimate WinRate { get; init; }

    /// <summary>The probability to beat the best of n reference draws, ties counted half, for each n asked for.</summary>
    public required ImmutableSortedDictionary<int, Estimate> AgainstBestOfN { get; init; }

    /// <summary>How many completions there are.</summary>
    public required int Completions { get; init; }

    /// <summary>Compares completions with the table.</summary>
    /// <param name="table">The reference rewards.</param>
    /// <param name="completions">At least one completion of the policy, each of a prompt of the table.</param>
    /// <param name="n">The values of n, each from 1 to the smallest M of these prompts.</param>
    /// <returns>The comparison, with standard errors over prompts.</returns>
    /// <exception cref="ArgumentException">There is no completion.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An n is out of range, or a reward is not finite.</exception>
    /// <exception cref="KeyNotFoundException">A prompt is not in the table.</exception>
    public static PolicyComparison Of(ReferenceTable table, IReadOnlyList<ScoredCompletion> completions, IReadOnlyList<int> n)
    {
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(completions);
        ArgumentNullException.ThrowIfNull(n);
        if (completions.Count == 0)
            throw new ArgumentException("There is no completion of the policy; give at least one.", nameof(completions));
        var owners = new Dictionary<Prompt, int>();
        int[] prompts =
        [
            .. completions.Select(completion =>
                owners.TryAdd(completion.Completion.Prompt, owners.Count) ? owners.Count - 1 : owners[completion.Completion.Prompt]
            ),
        ];
        EmpiricalRewardCdf[] cdfs = [.. completions.Select(completion => table[completion.Completion.Prompt].Cdf)];
        (int Below, int AtOrBelow)[] counts = [.. completions.Zip(cdfs, (completion, cdf) => cdf.Counts(completion.Reward))];
        return new PolicyComparison
        {
            Saturation = Mean(i => counts[i].Below == cdfs[i].Count ? 1 : 0),
            WinRate = Mean(i => cdfs[i].MidRank(completions[i].Reward)),
            AgainstBestOfN = n.Distinct()
                .ToImmutableSortedDictionary(
                    best => best,
                    best => Mean(i => UnbiasedWinRate.AgainstBestOfN(counts[i].Below, counts[i].AtOrBelow, cdfs[i].Count, best))
                ),
            Completions = completions.Count,
        };

        Estimate Mean(Func<int, double> value) => PromptMean.Of([.. Enumerable.Range(0, completions.Count).Select(value)], prompts);
    }
}
