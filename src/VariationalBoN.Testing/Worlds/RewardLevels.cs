using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Testing.Worlds;

/// <summary>The exact CDF of the rewards of a world. Immutable, thread-safe.</summary>
internal sealed class RewardLevels(IReadOnlyList<double> rewards, IReadOnlyList<double> logReference)
{
    private readonly Dictionary<double, LogCdfPair> _levels = Of(rewards, logReference);

    /// <summary>F_lt and F_le of a reward.</summary>
    /// <exception cref="KeyNotFoundException">The world has no such prompt or reward.</exception>
    public LogCdfPair Cdf(Prompt prompt, double reward)
    {
        if (prompt != EnumerableWorld.Prompt)
            throw new KeyNotFoundException(
                $"The prompt \"{prompt}\" does not belong to this world; its only prompt is \"{EnumerableWorld.Prompt}\"."
            );
        return _levels.TryGetValue(reward, out LogCdfPair pair)
            ? pair
            : throw new KeyNotFoundException($"The reward {reward} is not among the rewards of this world.");
    }

    /// <summary>F_lt and F_le of each reward; where F is near 1 its logarithm is
    /// formed from what lies above, summed from the top.</summary>
    private static Dictionary<double, LogCdfPair> Of(IReadOnlyList<double> rewards, IReadOnlyList<double> logReference)
    {
        (double Reward, double Mass)[] masses =
        [
            .. Enumerable
                .Range(0, rewards.Count)
                .GroupBy(y => rewards[y], y => Math.Exp(logReference[y]))
                .OrderBy(level => level.Key)
                .Select(level => (level.Key, level.Sum())),
        ];
        double[] above = new double[masses.Length];
        for (int i = masses.Length - 2; i >= 0; i--)
            above[i] = above[i + 1] + masses[i + 1].Mass;
        var levels = new Dictionary<double, LogCdfPair>();
        double below = 0;
        for (int i = 0; i < masses.Length; i++)
        {
            levels[masses[i].Reward] = new LogCdfPair(LogCdf(below, above[i] + masses[i].Mass), LogCdf(below + masses[i].Mass, above[i]));
            below += masses[i].Mass;
        }

        return levels;
    }

    private static double LogCdf(double at, double rest) =>
        at <= 0 ? double.NegativeInfinity
        : at < 0.5 ? Math.Log(at)
        : LogMath.Log1p(-Math.Min(rest, 1));
}
