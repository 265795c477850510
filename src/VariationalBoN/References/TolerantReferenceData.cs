using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>Samples under a tie tolerance; their distributions are made when they are asked for, and the recent ones kept. Thread-safe.</summary>
internal sealed class TolerantReferenceData : IReferenceData
{
    private readonly IReferenceData _data;
    private readonly double _tieTolerance;
    private readonly RecentItems<EmpiricalRewardCdf> _cdf;

    private TolerantReferenceData(IReferenceData data, double tieTolerance, int recent) =>
        (_data, _tieTolerance, _cdf) = (data, tieTolerance, new(recent, number => data.Cdf(number).WithTieTolerance(tieTolerance)));

    /// <summary>The same samples under a tolerance: themselves where it is the one they have.</summary>
    /// <param name="data">The samples.</param>
    /// <param name="tieTolerance">Finite, at least 0.</param>
    /// <param name="recent">How many distributions are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tieTolerance"/> is negative, infinite or NaN.</exception>
    public static IReferenceData Over(IReferenceData data, double tieTolerance, int recent)
    {
        if (!(tieTolerance >= 0 && tieTolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(tieTolerance), tieTolerance, "The tie tolerance must be finite and at least 0; 0 compares exactly.");
        (IReferenceData exact, double now) = data is TolerantReferenceData tolerant ? (tolerant._data, tolerant._tieTolerance) : (data, 0);
        return tieTolerance == now ? data : tieTolerance == 0 ? exact : new TolerantReferenceData(exact, tieTolerance, recent);
    }

    public Prompt Prompt(int number) => _data.Prompt(number);

    public ImmutableArray<double> Rewards(int number) => _data.Rewards(number);

    public ImmutableArray<string> Responses(int number) => _data.Responses(number);

    public ImmutableArray<ScoredCompletion> Samples(int number) => _data.Samples(number);

    public IReadOnlyDictionary<string, ImmutableArray<double?>> Components(int number) => _data.Components(number);

    public EmpiricalRewardCdf Cdf(int number) => _cdf[number];

    public int Count(int number) => _data.Count(number);

    public IReadOnlyList<SampleRun> Runs(int number) => _data.Runs(number);
}
