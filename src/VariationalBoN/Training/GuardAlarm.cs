using System.Globalization;

namespace VariationalBoN.Training;

/// <summary>One alarm of a <see cref="TrainingGuard"/>. Immutable, thread-safe.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Step">The step at which it was seen.</param>
/// <param name="Estimator">The number that shows it, and how it was estimated.</param>
/// <param name="Value">Its value.</param>
/// <param name="Threshold">The threshold that it has crossed.</param>
/// <param name="Cause">Likely causes and what to do.</param>
public sealed record GuardAlarm(GuardAlarmKind Kind, long Step, string Estimator, double Value, double Threshold, string Cause)
{
    /// <summary>Whether going on is pointless: not a number, exploding KL, collapsed diversity.</summary>
    public bool IsFatal => Kind is GuardAlarmKind.NotANumber or GuardAlarmKind.ExplodingKl or GuardAlarmKind.CollapsedDiversity;

    /// <summary>The alarm in sentences: step, number, threshold, likely causes and remedies.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"step {Step}: {Estimator} is {Value:G4} (threshold {Threshold:G4}). {Cause}");
}
