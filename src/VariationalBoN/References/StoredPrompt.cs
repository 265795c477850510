using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The samples of one prompt in a store, read when they are asked for. Thread-safe.</summary>
internal sealed class StoredPrompt(StoredSamples samples, int number)
{
    /// <summary>The prompt x.</summary>
    public Prompt Prompt => samples.Prompt(number);

    /// <summary>How many samples have a reward.</summary>
    public int Count => samples.Count(number);

    /// <summary>How many samples were drawn.</summary>
    public int Drawn => samples.Drawn(number);

    /// <summary>The rewards of the samples that have one.</summary>
    public ImmutableArray<double> Rewards() => samples.Rewards(number);

    /// <summary>What they say of F, under a tie tolerance.</summary>
    public EmpiricalRewardCdf Cdf(double tieTolerance) => samples.Cdf(number, tieTolerance);

    /// <summary>Everything.</summary>
    public PromptSamples All() => samples.All(number);
}
