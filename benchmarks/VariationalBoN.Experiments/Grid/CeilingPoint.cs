namespace VariationalBoN.Experiments.Grid;

/// <summary>A point of the greatest mean reward against KL.</summary>
internal sealed record CeilingPoint(double Kl, double Reward)
{
    private const int Points = 80;

    /// <summary>The mean over seeds at equal KL, between the points of each linearly, as far as every seed can tell.</summary>
    public static CeilingPoint[] Mean(IReadOnlyList<CeilingPoint[]> seeds)
    {
        if (seeds.Any(seed => seed.Length < 2))
            return [];
        double from = seeds.Max(seed => seed[0].Kl),
            to = seeds.Min(seed => seed[^1].Kl);
        return to <= from
            ? []
            :
            [
                .. Enumerable
                    .Range(0, Points + 1)
                    .Select(i => from + ((to - from) * i / Points))
                    .Select(kl => new CeilingPoint(kl, seeds.Average(seed => At(seed, kl)))),
            ];
    }

    private static double At(CeilingPoint[] seed, double kl)
    {
        int next = Math.Clamp(Array.FindIndex(seed, point => point.Kl >= kl), 1, seed.Length - 1);
        (CeilingPoint left, CeilingPoint right) = (seed[next - 1], seed[next]);
        return left.Reward + ((right.Reward - left.Reward) * (kl - left.Kl) / (right.Kl - left.Kl));
    }
}
