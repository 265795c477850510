using Microsoft.Extensions.Logging;

namespace VariationalBoN.Rewards;

/// <summary>How completions are scored. Reference rewards and rewards in
/// training must be scored alike: tables carry <see cref="Identity"/>.</summary>
/// <remarks>Immutable, thread-safe. Checked where it is used, all faults in one message.</remarks>
public sealed record ScoringOptions
{
    /// <summary>What happens when a reward cannot be had.</summary>
    /// <value>Default <see cref="RewardFailure.Throw"/>: an exception.</value>
    public RewardFailure OnFailure { get; init; } = RewardFailure.Throw;

    /// <summary>Receives a message for each completion that <see cref="RewardFailure.Exclude"/>
    /// leaves out, with the <see cref="RewardModelException"/>.</summary>
    /// <value>
    /// Default null: nothing is said; they are counted all the same (<see cref="Telemetry"/>).
    /// Truncated completions are not failures, and there is no message for them.
    /// </value>
    public ILogger? Logger { get; init; }

    /// <summary>What happens to a truncated completion.</summary>
    /// <value>Default <see cref="TruncationRule.Score"/>: it is scored as it stands.</value>
    public TruncationRule OnTruncated { get; init; } = TruncationRule.Score;

    /// <summary>The reward or the penalty of a truncated completion, in the unit of the reward; finite.</summary>
    /// <value>Default 0.</value>
    public double TruncationValue { get; init; }

    /// <summary>The most completions that the reward model is given in one call, at least 1.</summary>
    /// <value>Default 256.</value>
    public int BatchSize { get; init; } = 256;

    /// <summary>The most calls of the reward model that are under way at once, at least 1;
    /// rewards keep the order of the completions whatever it is.</summary>
    /// <value>Default 1.</value>
    /// <remarks>Above 1 the reward model is called from threads of the pool.</remarks>
    public int MaxConcurrency { get; init; } = 1;

    /// <summary>What of these options changes a reward; tables, stores and scored batches carry it.</summary>
    public ModelIdentity Identity =>
        OnTruncated is TruncationRule.Replace or TruncationRule.Subtract
            ? new ModelIdentity("scoring", ("truncated", OnTruncated.ToString()), ("value", TruncationValue))
            : new ModelIdentity("scoring", ("truncated", OnTruncated.ToString()));

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        if (!Enum.IsDefined(OnFailure))
            faults.Add($"OnFailure is {OnFailure}, which is not a {nameof(RewardFailure)}");
        if (!Enum.IsDefined(OnTruncated))
            faults.Add($"OnTruncated is {OnTruncated}, which is not a {nameof(TruncationRule)}");
        if (!double.IsFinite(TruncationValue))
            faults.Add(FormattableString.Invariant($"TruncationValue is {TruncationValue}; it must be finite"));
        if (BatchSize < 1)
            faults.Add($"BatchSize is {BatchSize}; it must be at least 1");
        if (MaxConcurrency < 1)
            faults.Add($"MaxConcurrency is {MaxConcurrency}; it must be at least 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The scoring options are not usable: {string.Join("; ", faults)}.");
    }
}
