using System.Diagnostics.CodeAnalysis;

namespace VariationalBoN.Orleans;

/// <summary>How a learner uses workers. Immutable, thread-safe; checked when it is made, all faults in one message.</summary>
[Experimental(ExperimentalIds.Cluster)]
public sealed record ClusterLearnerOptions
{
    /// <summary>By how many publications the weights that drew rollouts may be older than those that train on them, at least 0.</summary>
    /// <value>Default 0: such rollouts are refused.</value>
    /// <remarks>
    /// Above 0 the next rollouts can be drawn while a step is taken; correct for it by <see cref="Losses.ClippedRatio"/> with
    /// <see cref="ClusterRollouts.LogProb"/> as log pi_old.
    /// </remarks>
    public int MaxStaleness { get; init; }

    /// <summary>The most prompts of a block of rollouts, at least 1:
    /// <see cref="References.DrawBlock.Cut(IReadOnlyList{Prompt}, int, int, int, int)"/>.</summary>
    /// <value>Default 16.</value>
    public int PromptsPerBlock { get; init; } = 16;

    /// <summary>The most completions of a prompt in a block of rollouts, at least 1.</summary>
    /// <value>Default 256.</value>
    public int SamplesPerBlock { get; init; } = 256;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        if (MaxStaleness < 0)
            faults.Add($"MaxStaleness is {MaxStaleness}; it must be at least 0");
        if (PromptsPerBlock < 1)
            faults.Add($"PromptsPerBlock is {PromptsPerBlock}; it must be at least 1");
        if (SamplesPerBlock < 1)
            faults.Add($"SamplesPerBlock is {SamplesPerBlock}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The options of the learner are not usable: {string.Join("; ", faults)}.");
    }
}
