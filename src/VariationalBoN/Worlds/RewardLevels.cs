using VariationalBoN.BestOfN;
using VariationalBoN.Numerics;

namespace VariationalBoN.Worlds;

/// <summary>The exact Best-of-N distribution of a world: F_lt, F_le and the log-ratio of each reward level. Immutable, thread-safe.</summary>
internal sealed class RewardLevels : IBoNDistribution
{
    private readonly Dictionary<double, (LogCdfPair Cdf, double LogRatio)> _levels = [];

    public RewardLevels(IReadOnlyList<double> rewards, IReadOnlyList<double> logReference, double n)
    {
        N = n;
        double below = 0;
        var masses = Enumerable.Range(0, rewards.Count).GroupBy(y => rewards[y], y => Math.Exp(logReference[y])).OrderBy(level => level.Key).Select(level => (Reward: level.Key, Mass: level.Sum())).ToArray();
        double[] above = new double[masses.Length]; // summed from the top, where F is near 1 and log F needs 1 - F
        for (int i = masses.Length - 2; i >= 0; i--)
            above[i] = above[i + 1] + masses[i + 1].Mass;
        for (int i = 0; i < masses.Length; i++)
        {
            double logBelow = LogCdf(below, above[i] + masses[i].Mass), logAtOrBelow = LogCdf(below + masses[i].Mass, above[i]);
            double gap = LogMath.Log1p(masses[i].Mass / below);
            _levels[masses[i].Reward] = (new LogCdfPair(logBelow, logAtOrBelow), BestOfNMath.LogRatioOfLevel(logBelow, logAtOrBelow, gap, n));
            below += masses[i].Mass;
        }
    }

    public double N { get; }

    public LogCdfPair LogCdf(string prompt, double reward) => Level(prompt, reward).Cdf;

    public double LogRatio(ScoredCompletion completion) => Level(completion.Completion.Prompt, completion.Reward).LogRatio;

    /// <summary>The log-ratio of a reward of this world.</summary>
    public double LogRatio(double reward) => _levels[reward].LogRatio;

    private static double LogCdf(double at, double rest) => at <= 0 ? double.NegativeInfinity : at < 0.5 ? Math.Log(at) : LogMath.Log1p(-Math.Min(rest, 1));

    private (LogCdfPair Cdf, double LogRatio) Level(string prompt, double reward)
    {
        if (prompt != EnumerableWorld.Prompt)
            throw new KeyNotFoundException($"The prompt \"{prompt}\" is none of this world; its only prompt is \"{EnumerableWorld.Prompt}\".");
        return _levels.TryGetValue(reward, out var level) ? level : throw new KeyNotFoundException($"The reward {reward} is none of this world.");
    }
}
