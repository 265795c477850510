using System.Collections.Immutable;
using VariationalBoN.BestOfN;

namespace VariationalBoN.References;

/// <summary>The samples of one prompt in a store, read when they are asked for. Thread-safe.</summary>
internal interface IStoredPrompt
{
    /// <summary>The prompt x.</summary>
    Prompt Prompt { get; }

    /// <summary>How many samples have a reward.</summary>
    int Count { get; }

    /// <summary>How many samples were drawn.</summary>
    int Drawn { get; }

    /// <summary>The rewards of the samples that have one.</summary>
    ImmutableArray<double> Rewards();

    /// <summary>What they say of F, under a tie tolerance.</summary>
    EmpiricalRewardCdf Cdf(double tieTolerance);

    /// <summary>Everything.</summary>
    PromptSamples All();
}
