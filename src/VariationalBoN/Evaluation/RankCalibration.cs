using System.Collections.Immutable;
using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;
using VariationalBoN.References;

namespace VariationalBoN.Evaluation;

/// <summary>Whether the later half of each prompt's samples ranks uniformly among the earlier half,
/// as samples of one distribution do. Immutable, thread-safe.</summary>
/// <remarks>
/// Rank u = (k_lt + v (k_eq + 1)) / (M' + 1) among M' earlier samples, v uniform: ties are broken at random, and u is exactly uniform when
/// all samples of
/// a prompt are exchangeable. Ranks of one prompt share their M' samples: the mean of m has variance u (1 - u) (1 + (m - 1) / (M' + 2)) / m
/// at each u, a
/// Brownian bridge still, so that the Kolmogorov-Smirnov test holds with that many fewer observations; a little cautious, as ranks have few
/// values. It fails
/// for samples stored in order of reward, for tables of two reward models or two temperatures joined, for a reward model that drifts.
/// </remarks>
public sealed record RankCalibration
{
    private const int BinCount = 10;

    /// <summary>How many later samples were ranked.</summary>
    public required int HeldOut { get; init; }

    /// <summary>Mean rank, with its error over prompts; 1/2 is expected, more when later samples score higher.</summary>
    public required Estimate MeanRank { get; init; }

    /// <summary>The share of ranks in each tenth of 0 to 1; 0.1 each is expected.</summary>
    public required ImmutableArray<double> Bins { get; init; }

    /// <summary>The largest distance between the distribution of the ranks and the uniform one; 0 to 1.</summary>
    public required double Distance { get; init; }

    /// <summary>The probability of such a distance or a larger one when nothing is wrong; below 0.01 is a reason to look.</summary>
    public required double PValue { get; init; }

    /// <summary>Ranks the later half of each prompt's samples among the earlier half.</summary>
    /// <param name="table">The samples, at least two of one prompt.</param>
    /// <param name="seed">Fixes how ties are broken.</param>
    /// <returns>The result.</returns>
    /// <exception cref="ArgumentException">No prompt has two samples.</exception>
    public static RankCalibration FromTable(ReferenceTable table, long seed = 0)
    {
        ArgumentNullException.ThrowIfNull(table);
        return FromPrompts(table.Prompts, seed);
    }

    internal static RankCalibration FromPrompts(IReadOnlyList<ReferencePrompt> prompts, long seed)
    {
        var ranks = new List<double>();
        var owners = new List<int>();
        double inflated = 0;
        for (int p = 0; p < prompts.Count; p++)
        {
            ImmutableArray<double> rewards = prompts[p].Rewards;
            int earlier = rewards.Length / 2,
                later = rewards.Length - earlier;
            if (earlier == 0)
                continue;
            var cdf = new EmpiricalRewardCdf(rewards[..earlier], prompts[p].Cdf.TieTolerance);
            var random = new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), prompts[p].Prompt, 0);
            for (int i = earlier; i < rewards.Length; i++)
            {
                (int below, int atOrBelow) = cdf.Counts(rewards[i]);
                ranks.Add((below + (random.Uniform(i) * (atOrBelow - below + 1))) / (earlier + 1));
                owners.Add(p);
            }

            inflated += later * (1 + ((later - 1.0) / (earlier + 2)));
        }

        if (ranks.Count == 0)
            throw new ArgumentException(
                "No prompt has two samples, so none can be ranked among others; estimate the table with more samples for each prompt.",
                nameof(prompts)
            );
        double[] sorted = [.. ranks.Order()];
        double distance = DistanceToUniform(sorted);
        double[] bins = new double[BinCount];
        foreach (double u in sorted)
            bins[Math.Min(BinCount - 1, (int)(u * BinCount))] += 1.0 / sorted.Length;
        return new RankCalibration
        {
            HeldOut = sorted.Length,
            MeanRank = PromptMean.Of(ranks, owners),
            Bins = [.. bins],
            Distance = distance,
            PValue = KolmogorovDistribution.UpperTail(distance, sorted.Length * (double)sorted.Length / inflated),
        };
    }

    private static double DistanceToUniform(double[] sorted)
    {
        double distance = 0;
        for (int i = 0; i < sorted.Length; i++)
            distance = Math.Max(distance, Math.Max(((i + 1.0) / sorted.Length) - sorted[i], sorted[i] - ((double)i / sorted.Length)));
        return distance;
    }
}
