using System.Collections.Immutable;

namespace VariationalBoN.BestOfN;

/// <summary>The samples of one prompt in memory, whatever number is asked for. Immutable, thread-safe.</summary>
internal sealed class ReferenceDataInMemory(string prompt, ImmutableArray<double> rewards, ImmutableArray<string> responses, ImmutableArray<ScoredCompletion> samples, int excluded) : IReferenceData
{
    private readonly EmpiricalRewardCdf _cdf = new(rewards);

    public string Prompt(int number) => prompt;

    public ImmutableArray<double> Rewards(int number) => rewards;

    public ImmutableArray<string> Responses(int number) => responses;

    public ImmutableArray<ScoredCompletion> Samples(int number) => samples;

    public EmpiricalRewardCdf Cdf(int number) => _cdf;

    public int Count(int number) => rewards.Length;

    public int Excluded(int number) => excluded;
}
