using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VariationalBoN.Evaluation;

/// <summary>One measurement of a <see cref="JudgeWatch"/>. Immutable, thread-safe.</summary>
/// <param name="Step">The step at which it was made.</param>
/// <param name="First">Mean of the first reward over held-out prompts.</param>
/// <param name="Second">Mean of the second reward over held-out prompts.</param>
/// <param name="PeakStep">The step of the earlier look that the changes are relative
/// to: the one with the highest second reward; this step for the first look.</param>
/// <param name="FirstChange">Change of the first reward since then, prompt by prompt.</param>
/// <param name="SecondChange">Change of the second reward since then, prompt by prompt.</param>
/// <param name="Threshold">The second reward has fallen by more than its error when
/// its change is below this; -infinity where there is nothing to compare with.</param>
[Experimental(ExperimentalIds.SecondJudge)]
public sealed record JudgeWatchReading(
    long Step,
    Estimate First,
    Estimate Second,
    long PeakStep,
    Estimate FirstChange,
    Estimate SecondChange,
    double Threshold
)
{
    /// <summary>Whether the first reward has risen since <see cref="PeakStep"/> and the
    /// second has fallen by more than its error (below <see cref="Threshold"/>).</summary>
    public bool IsAlarm => FirstChange.Value > 0 && SecondChange.Value < Threshold;

    /// <summary>The look as a sentence; an alarm says what to do.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"step {Step}: first judge {First}, second judge {Second}")
        + (
            IsAlarm
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $". Since step {PeakStep} the first rose by {FirstChange}, and the second fell by "
                        + $"{SecondChange with { Value = -SecondChange.Value }}: the policy exploits the first judge. Stop at step "
                        + $"{PeakStep}, take a smaller N, or mend the judge."
                )
                : ""
        );
}
