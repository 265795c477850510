using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>Where a <see cref="ReferencePrompt"/> has its samples: in memory, or in the files of a cache. Thread-safe.</summary>
internal interface IReferenceData
{
    Prompt Prompt(int number);

    ImmutableArray<double> Rewards(int number);

    ImmutableArray<string> Responses(int number);

    ImmutableArray<ScoredCompletion> Samples(int number);

    IReadOnlyDictionary<string, ImmutableArray<double?>> Components(int number);

    EmpiricalRewardCdf Cdf(int number);

    int Count(int number);

    /// <summary>What was drawn, in the order of the samples.</summary>
    IReadOnlyList<SampleRun> Runs(int number);
}
