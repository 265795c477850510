namespace VariationalBoN.Evaluation;

/// <summary>
/// The part of a policy's KL that changes the ranks of its rewards among those of the reference,
/// and the part that does not. Immutable, thread-safe.
/// </summary>
/// <remarks>
/// F of a completion is its mid-rank among M rewards: its own and M - 1 of the M reference rewards of its prompt (a fixed draw
/// leaves one out). It is (k_lt + (k_eq + 1) / 2) / M, pooled over prompts in equal bins. The distribution of the reference
/// over these bins comes from its own samples, each ranked among the others in the same way, with half a sample added to each
/// bin. With p the policy's shares and q the reference's, the estimate is sum p log(p / q) - (occupied bins - 1) / (2
/// completions), never below 0: the second term is the Miller-Madow correction of what counts alone add. By data processing it
/// is a lower bound of KL(pi || pi_ref), so that what <see cref="Outside"/> says is an upper bound of the divergence that
/// changes no rank. Errors: whole prompts drawn with replacement; over completions where there is one prompt alone.
/// </remarks>
public sealed record RankDivergence
{
    /// <summary>The most bins; fewer where a prompt has fewer than twice as many reference rewards.</summary>
    public const int MaxBins = 32;

    private const int Resamples = 200;

    /// <summary>How many equal bins of F there are.</summary>
    public required int Bins { get; init; }

    /// <summary>KL of the distribution of F under the policy to that under the reference, in nats.</summary>
    public required Estimate Kl { get; init; }

    /// <summary>KL(pi || pi_ref) minus <see cref="Kl"/>, in nats: an upper bound of the divergence that changes no rank.</summary>
    public required Estimate Outside { get; init; }

    /// <summary>The estimate of completions.</summary>
    /// <param name="ranks">F of each completion, 0 to 1.</param>
    /// <param name="kl">An unbiased term of KL(pi || pi_ref) for each.</param>
    /// <param name="prompts">The prompt of each.</param>
    /// <param name="reference">For each prompt F of the reference's own samples;
    /// the index is the number in <paramref name="prompts"/>.</param>
    internal static RankDivergence Of(
        IReadOnlyList<double> ranks,
        IReadOnlyList<double> kl,
        IReadOnlyList<int> prompts,
        IReadOnlyList<IReadOnlyList<double>> reference
    )
    {
        int bins = Math.Clamp(reference.Min(of => of.Count) / 2, 2, MaxBins);
        int clusters = reference.Count > 1 ? reference.Count : ranks.Count;
        double[][] own = Zeros(clusters, bins),
            theirs = Zeros(reference.Count, bins);
        double[] divergences = new double[clusters],
            counts = new double[clusters];
        for (int i = 0; i < ranks.Count; i++)
        {
            int cluster = reference.Count > 1 ? prompts[i] : i;
            own[cluster][Bin(ranks[i], bins)]++;
            divergences[cluster] += kl[i];
            counts[cluster]++;
        }

        for (int p = 0; p < reference.Count; p++)
        {
            foreach (double rank in reference[p])
                // prompts weigh as in the policy's completions
                theirs[p][Bin(rank, bins)] += counts.Length == reference.Count ? counts[p] / reference[p].Count : 1;
        }

        int[] once = [.. Enumerable.Repeat(1, clusters)];
        (double value, double outside) = Estimated(once);
        double[] values = new double[Resamples],
            differences = new double[Resamples];
        int[] times = new int[clusters];
        for (int r = 0; r < Resamples && clusters > 1; r++)
        {
            Array.Clear(times);
            var random = new CounterRandom(new DrawSeed(0, DrawPurpose.Resampling), "ranks", r);
            for (int c = 0; c < clusters; c++)
                times[(int)(random.Uniform(c) * clusters)]++;
            (values[r], differences[r]) = Estimated(times);
        }

        return new RankDivergence
        {
            Bins = bins,
            Kl = new Estimate(value, clusters > 1 ? Spread(values) : double.PositiveInfinity, reference.Count),
            Outside = new Estimate(
                outside,
                clusters > 1 && double.IsFinite(outside) ? Spread(differences) : double.PositiveInfinity,
                reference.Count
            ),
        };

        (double Kl, double Outside) Estimated(int[] weights)
        {
            double[] p = new double[bins],
                q = new double[bins];
            double total = 0,
                sum = 0;
            for (int c = 0; c < clusters; c++)
            {
                for (int b = 0; b < bins && weights[c] > 0; b++)
                {
                    p[b] += weights[c] * own[c][b];
                    q[b] += reference.Count > 1 ? weights[c] * theirs[c][b] : 0;
                }

                total += weights[c] * counts[c];
                sum += weights[c] * divergences[c];
            }

            if (reference.Count == 1)
                theirs[0].CopyTo(q, 0);
            double part = Divergence(p, q, total);
            return (part, (sum / total) - part);
        }
    }

    private static double Divergence(double[] p, double[] q, double completions)
    {
        double mass = q.Sum() + (q.Length / 2.0),
            divergence = 0;
        int occupied = 0;
        for (int b = 0; b < p.Length; b++)
        {
            if (p[b] == 0)
                continue;
            divergence += p[b] / completions * Math.Log(p[b] / completions * mass / (q[b] + 0.5));
            occupied++;
        }

        return Math.Max(0, divergence - ((occupied - 1) / (2 * completions)));
    }

    private static int Bin(double rank, int bins) => Math.Min((int)(rank * bins), bins - 1);

    private static double Spread(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }

    private static double[][] Zeros(int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ => new double[columns])];
}
