using System.Collections.Immutable;

namespace VariationalBoN.BestOfN;

/// <summary>The samples of one prompt under a tie tolerance; its distribution is made when it is asked for, once. Thread-safe.</summary>
internal sealed class TolerantReferenceData : IReferenceData
{
    private readonly IReferenceData _data;
    private readonly RecentItems<EmpiricalRewardCdf> _cdf;

    public TolerantReferenceData(IReferenceData data, double tieTolerance)
    {
        if (!(tieTolerance >= 0 && tieTolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(tieTolerance), tieTolerance, "The tie tolerance must be finite and at least 0; 0 compares exactly.");
        (_data, _cdf) = (data, new(1, number => data.Cdf(number).WithTieTolerance(tieTolerance)));
    }

    public string Prompt(int number) => _data.Prompt(number);

    public ImmutableArray<double> Rewards(int number) => _data.Rewards(number);

    public ImmutableArray<string> Responses(int number) => _data.Responses(number);

    public ImmutableArray<ScoredCompletion> Samples(int number) => _data.Samples(number);

    public EmpiricalRewardCdf Cdf(int number) => _cdf[number];

    public int Count(int number) => _data.Count(number);

    public int Excluded(int number) => _data.Excluded(number);
}
