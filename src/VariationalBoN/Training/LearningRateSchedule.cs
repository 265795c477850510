namespace VariationalBoN.Training;

/// <summary>
/// A learning rate as a function of the step: a linear warm-up, then a decay or a constant. A resumed run has no state of it to restore.
/// </summary>
/// <remarks>
/// With W steps of warm-up, S steps in all and t = (step - W) / (S - W): Peak (step + 1) / W before step W; then
/// Peak (1 - (1 - f) t), or Peak (f + (1 - f) (1 + cos(pi t)) / 2), f being <see cref="FinalPart"/>; from step S on Peak f, however
/// long the warm-up. With <see cref="ScheduleShape.Constant"/> Peak from step W on.
/// Give it to <see cref="AdamOptimizer.SetLearningRate"/> before each step. Immutable, thread-safe. Checked where it is used.
/// </remarks>
public sealed record LearningRateSchedule
{
    /// <summary>The highest learning rate; finite and above 0.</summary>
    public required double Peak { get; init; }

    /// <summary>S, the number of steps of the run, at least 1.</summary>
    public required long Steps { get; init; }

    /// <summary>W, the steps over which the rate rises in a line, at least 0;
    /// with more than <see cref="Steps"/> the run ends before the peak.</summary>
    /// <value>Default 0: the run starts at the peak.</value>
    public long WarmUpSteps { get; init; }

    /// <summary>f, the part of the peak that is left at the end, 0 to 1. Not used by <see cref="ScheduleShape.Constant"/>.</summary>
    /// <value>Default 0.</value>
    public double FinalPart { get; init; }

    /// <summary>How the learning rate falls after the warm-up.</summary>
    /// <value>Default <see cref="ScheduleShape.Linear"/>.</value>
    public ScheduleShape Shape { get; init; }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <returns>The rate: 0 to <see cref="Peak"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="step"/> is negative.</exception>
    /// <exception cref="ArgumentException">A setting is out of range or NaN.</exception>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        Validate();
        if (Shape != ScheduleShape.Constant && step >= Steps)
            return Peak * FinalPart;
        if (step < WarmUpSteps)
            return Peak * (step + 1) / WarmUpSteps;
        long falling = Steps - WarmUpSteps,
            fallen = step - WarmUpSteps; // fallen < falling where the two are used
        return Peak
            * Shape switch
            {
                ScheduleShape.Linear => 1 - ((1 - FinalPart) * fallen / falling),
                ScheduleShape.Cosine => FinalPart + ((1 - FinalPart) * (1 + Math.Cos(Math.PI * fallen / falling)) / 2),
                _ => 1,
            };
    }

    /// <summary>Refuses settings out of range.</summary>
    /// <exception cref="ArgumentException">A setting is out of range or NaN.</exception>
    internal void Validate()
    {
        if (!(Peak > 0 && Peak < double.PositiveInfinity))
            throw new ArgumentException(
                FormattableString.Invariant($"Peak is {Peak}; the highest learning rate must be finite and above 0.")
            );
        if (Steps < 1)
            throw new ArgumentException($"Steps is {Steps}; a run has at least 1.");
        if (WarmUpSteps < 0)
            throw new ArgumentException($"WarmUpSteps is {WarmUpSteps}; it must be at least 0, which is no warm-up.");
        if (!(FinalPart >= 0 && FinalPart <= 1))
            throw new ArgumentException(
                FormattableString.Invariant($"FinalPart is {FinalPart}; the part of the peak that is left must be 0 to 1.")
            );
        if (!Enum.IsDefined(Shape))
            throw new ArgumentException($"Shape is {Shape}; it must be Linear, Cosine or Constant.");
    }
}
