using Microsoft.Extensions.Logging;

namespace VariationalBoN.Training;

/// <summary>When a <see cref="TrainingGuard"/> raises an alarm, and which alarms stop the loop.</summary>
/// <remarks>Immutable; as thread-safe as <see cref="Stop"/>. Checked where it is used, all faults in one message.</remarks>
public sealed record GuardOptions
{
    /// <summary>Whether an alarm stops the training. It is called once for each alarm.</summary>
    /// <value>Default <see cref="GuardAlarm.IsFatal"/> of the alarm.</value>
    public Func<GuardAlarm, bool> Stop { get; init; } = alarm => alarm.IsFatal;

    /// <summary>Receives a message for each alarm, before <see cref="Stop"/> is called.</summary>
    /// <value>Default null: nothing is said.</value>
    public ILogger? Logger { get; init; }

    /// <summary>The number of steps that means are taken over, at least 2: what smooths away the noise of single steps.</summary>
    /// <value>Default 10.</value>
    public int Window { get; init; } = 10;

    /// <summary>Alarm above this mean KL, in nats.</summary>
    /// <value>Default null: 4 (log N - (N - 1) / N) + 4.</value>
    public double? MaxKl { get; init; }

    /// <summary>Alarm when the mean <see cref="StepMetrics.Diversity"/> is below this part of that of the first window; 0 to 1.</summary>
    /// <value>Default 0.2.</value>
    public double MinDiversityShare { get; init; } = 0.2;

    /// <summary>Alarm when the mean entropy per token is below this part of that of the first window; 0 to 1.</summary>
    /// <value>Default 0.1.</value>
    public double MinEntropyShare { get; init; } = 0.1;

    /// <summary>Alarm above this mean share of completions whose reward is above all reference rewards; 0 to 1.</summary>
    /// <value>Default null: the larger of 0.1 and 2 N / (M + N), twice what Best-of-N itself would show.</value>
    public double? MaxSaturatedShare { get; init; }

    /// <summary>Alarm when the mean length is above this many times that of the
    /// first window, or below its inverse, while the reward rose; above 1.</summary>
    /// <value>Default 2.</value>
    public double MaxLengthRatio { get; init; } = 2;

    /// <summary>Alarm above this mean share of completions cut at the maximum length; 0 to 1.</summary>
    /// <value>Default 0.2.</value>
    public double MaxTruncatedShare { get; init; } = 0.2;

    /// <summary>Alarm when after 20 steps less than this share of the weights
    /// with a gradient differ from their initial values; 0 to 1.</summary>
    /// <value>Default 0.1.</value>
    public double MinChangedShare { get; init; } = 0.1;

    /// <summary>Refuses options out of range.</summary>
    /// <exception cref="ArgumentException">The message names every fault.</exception>
    internal void Validate()
    {
        var faults = new List<string>();
        ArgumentNullException.ThrowIfNull(Stop);
        Require(Window >= 2, nameof(Window), Window, "be at least 2");
        Require(MaxKl is null or > 0, nameof(MaxKl), MaxKl, "be above 0, or null");
        Require(MinDiversityShare is >= 0 and <= 1, nameof(MinDiversityShare), MinDiversityShare, "be 0 to 1");
        Require(MinEntropyShare is >= 0 and <= 1, nameof(MinEntropyShare), MinEntropyShare, "be 0 to 1");
        Require(MaxSaturatedShare is null or (>= 0 and <= 1), nameof(MaxSaturatedShare), MaxSaturatedShare, "be 0 to 1, or null");
        Require(MaxLengthRatio > 1, nameof(MaxLengthRatio), MaxLengthRatio, "be above 1");
        Require(MaxTruncatedShare is >= 0 and <= 1, nameof(MaxTruncatedShare), MaxTruncatedShare, "be 0 to 1");
        Require(MinChangedShare is >= 0 and <= 1, nameof(MinChangedShare), MinChangedShare, "be 0 to 1");
        if (faults.Count > 0)
            throw new ArgumentException($"The guard options are not usable: {string.Join("; ", faults)}.");

        void Require(bool holds, string name, IFormattable? value, string rule)
        {
            if (!holds)
                faults.Add(FormattableString.Invariant($"{name} is {value}; it must {rule}"));
        }
    }
}
